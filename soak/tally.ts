/** Counts of a soak: faults by kind, survived, and how long it took until all was well again. */

export interface Happened {
  readonly kind: string;
  readonly what: string;
  /** Seconds since the soak began. */
  readonly at: number;
  readonly round: number;
  /** Milliseconds from the fault's end until the whole estate was deployed again; missing: not survived. */
  recovery?: number;
}

export interface Row {
  readonly kind: string;
  readonly faults: number;
  readonly survived: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

const share = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;

function rowOf(kind: string, list: readonly Happened[]): Row {
  const times = list.flatMap(({ recovery }) => recovery ?? []).sort((a, b) => a - b);
  const [median, p95, worst] = [share(times, 0.5), share(times, 0.95), times.at(-1) ?? NaN];
  return { kind, faults: list.length, survived: times.length, median, p95, worst };
}

/** By kind, the most frequent first; the last row is all together. */
export function tally(all: readonly Happened[]): readonly Row[] {
  const kinds = [...Map.groupBy(all, ({ kind }) => kind)].map(([kind, list]) => rowOf(kind, list));
  return [...kinds.sort((a, b) => b.faults - a.faults), rowOf("all", all)];
}

const seconds = (ms: number): string => (Number.isNaN(ms) ? "-" : (ms / 1000).toFixed(1));

const cellsOf = ({ kind, faults, survived, median, p95, worst }: Row): string[] => [
  kind,
  String(faults),
  String(survived),
  seconds(median),
  seconds(p95),
  seconds(worst),
];

const HEAD = ["fault", "injected", "survived", "median s", "p95 s", "worst s"];

export function textTable(rows: readonly Row[]): string {
  const table = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...table.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join("  ");
  return table.map(line).join("\n");
}

export function markdownTable(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(HEAD),
    line(HEAD.map((_, n) => (n === 0 ? "---" : "---:"))),
    ...rows.map(cellsOf).map(line),
  ].join("\n");
}
