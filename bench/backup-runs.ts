/** What backups cost a run: one that deletes something waits for a good one. */
import { median, seconds, type Bench, type Figure } from "./figure.ts";
import { group } from "./group.ts";
import { openHoldfastSide, type HoldfastSide } from "./holdfast-side.ts";

const COUNT = 20;

interface Sides {
  readonly without: HoldfastSide;
  readonly with: HoldfastSide;
}

/** Deletes one, measured, and makes it again. */
async function deletion(side: HoldfastSide, version: number): Promise<number> {
  side.commit({ count: COUNT - 1, version });
  const took = await side.run("converge", "converged");
  side.commit({ count: COUNT, version });
  await side.run("converge", "converged");
  return took;
}

async function runs(sides: Sides, { times }: Bench): Promise<readonly Figure[]> {
  const taken = { without: [] as number[], with: [] as number[] };
  for (let version = 1; version <= times; version++)
    for (const how of ["without", "with"] as const) taken[how].push(await deletion(sides[how], version));
  return (["without", "with"] as const).map(how => ({
    what: `commit → converged, one of ${COUNT} deleted, ${how} backups`,
    unit: "s",
    holdfast: seconds(median(taken[how])),
  }));
}

export const backupRuns = group<Sides>(
  async ending => {
    const sides = {
      without: await openHoldfastSide(ending),
      with: await openHoldfastSide(ending, { backups: true }),
    };
    for (const side of [sides.without, sides.with]) {
      side.commit({ count: COUNT, version: 0 });
      await side.run("converge", "converged");
    }
    return sides;
  },
  [{ name: "backup-run", measure: runs }],
);
