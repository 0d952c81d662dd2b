/** What a program puts away at its end, as a test does with `t.after`. */
import type { Ending } from "./git.ts";

export interface OwnEnding extends Ending {
  /** In the order in which it was said. */
  run(): Promise<void>;
}

export function createEnding(): OwnEnding {
  const work: (() => unknown)[] = [];
  return {
    after: one => void work.push(one),
    async run() {
      for (const one of work) await one();
    },
  };
}
