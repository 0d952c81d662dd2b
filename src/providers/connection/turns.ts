/** A waiting line: who comes first is served first, and whoever is cancelled leaves it. */
import { trouble, type Outcome, type Trouble } from "../outcome.ts";

export interface Turns<T> {
  readonly length: () => number;
  /** Resolves when it is this one's turn, or with what ended the waiting. */
  join(signal: AbortSignal): Promise<Outcome<T>>;
  /** Gives the first in line what it waits for. */
  serve(value: T): void;
  /** Sends everybody away. */
  refuse(why: Trouble): void;
}

export function createTurns<T>(): Turns<T> {
  const line: ((outcome: Outcome<T>) => void)[] = [];
  return {
    length: () => line.length,
    join(signal) {
      const { promise, resolve } = Promise.withResolvers<Outcome<T>>();
      const leave = (): void => {
        line.splice(line.indexOf(take), 1);
        resolve(trouble("cancelled", "cancelled before it began"));
      };
      const take = (outcome: Outcome<T>): void => {
        signal.removeEventListener("abort", leave);
        resolve(outcome);
      };
      signal.addEventListener("abort", leave, { once: true });
      line.push(take);
      return promise;
    },
    serve: value => line.shift()?.({ ok: true, value }),
    refuse: why => {
      for (const take of line.splice(0)) take({ ok: false, trouble: why });
    },
  };
}
