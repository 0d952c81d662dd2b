/** What is measured: one line of the table. */

export type Unit = "s" | "ms" | "MB" | "MB, as stored" | "% of a core";

export interface Budget {
  /** In the figure's own unit. */
  readonly under?: number;
  /** So many times as fast as the plain way. */
  readonly times?: number;
}

export interface Figure {
  readonly what: string;
  readonly unit: Unit;
  readonly holdfast: number;
  /** The same by the plain Automation API, or by what `what` says; a text says why there is none. */
  readonly plain?: number | string;
  readonly budget?: Budget;
}

/** What each row is told. */
export interface Bench {
  /** The Pulumi CLI. */
  readonly cli: string;
  /** Rounds of what is short; medians count. */
  readonly times: number;
  /** Also what takes an hour. */
  readonly slow: boolean;
  /** Progress, for whoever waits. */
  readonly say: (text: string) => void;
}

/** Of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
}

export const seconds = (ms: number): number => ms / 1000;

/** Milliseconds that it took. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
