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
  /** Measures the chosen ones, in their order. */
  measure(chosen: readonly string[], bench: Bench): Promise<readonly Figure[]>;
}

export function group<S>(
  open: (ending: Ending, bench: Bench) => S | Promise<S>,
  rows: readonly Row<S>[],
): Group {
  return {
    rows,
    async measure(chosen, bench) {
      const ending = createEnding();
      try {
        const scene = await open(ending, bench);
        const figures: Figure[] = [];
        for (const row of rows.filter(({ name }) => chosen.includes(name))) {
          bench.say(row.name);
          figures.push(...(await row.measure(scene, bench)));
        }
        return figures;
      } finally {
        await ending.run();
      }
    },
  };
}
