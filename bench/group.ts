/** Rows that share what is set up for them: it is opened once, for those of them that were chosen. */
import { createEnding } from "../test/support/ending.ts";
import type { Ending } from "../test/support/git.ts";
import type { Bench, Figure } from "./figure.ts";

export interface Row<S> {
  /** What `--only` is compared with. */
  readonly name: string;
  /** Left out by `--quick`. */
  readonly long?: true;
  measure(scene: S, bench: Bench): Promise<readonly Figure[]>;
}

export interface Group {
  readonly rows: readonly Pick<Row<unknown>, "name" | "long">[];
  /** Measures the chosen ones, in their order; hands over what each gave, so that a later failure costs none of it. */
  measure(chosen: readonly string[], bench: Bench, take: (figures: readonly Figure[]) => void): Promise<void>;
}

export function group<S>(
  open: (ending: Ending, bench: Bench) => S | Promise<S>,
  rows: readonly Row<S>[],
): Group {
  return {
    rows,
    async measure(chosen, bench, take) {
      const ending = createEnding();
      try {
        const scene = await open(ending, bench);
        for (const row of rows.filter(({ name }) => chosen.includes(name))) {
          bench.say(row.name);
          take(await row.measure(scene, bench));
        }
      } finally {
        await ending.run();
      }
    },
  };
}
