/** Many resources made at once in one stack. */
import { setTimeout } from "node:timers/promises";
import { createEnding } from "../test/support/ending.ts";
import type { Ending } from "../test/support/git.ts";
import { seconds, type Bench, type Budget, type Figure } from "./figure.ts";
import { group, type Group } from "./group.ts";
import { openHoldfastSide } from "./holdfast-side.ts";
import { openPlainSide } from "./plain-side.ts";
import { peakMegabytes } from "./usage.ts";

interface Size {
  readonly count: number;
  readonly long?: true;
  readonly budget?: Budget;
  /** Takes hours by the plain way. */
  readonly slowPlain?: true;
}

/** Longer than a daemon takes until its spare workers are loaded again. */
const SETTLED_MS = 3_000;

/** By a daemon that runs already: it has deployed one resource before, and its spare workers are loaded. */
async function ours(ending: Ending, count: number): Promise<{ ms: number; memory: readonly Figure[] }> {
  const holdfast = await openHoldfastSide(ending);
  holdfast.commit({ count: 1, version: 0 });
  await holdfast.run("converge", "converged");
  await setTimeout(SETTLED_MS);
  holdfast.commit({ count, version: 0 });
  const ms = await holdfast.run("converge", "converged");
  const { state, providers } = holdfast.pids();
  const peak = (what: string, pid: number | undefined): Figure => ({
    what: `  most memory of the ${what}`,
    unit: "MB",
    holdfast: peakMegabytes(pid) ?? NaN,
  });
  return { ms, memory: [peak("state service", state), peak("provider host", providers)] };
}

async function plainly(cli: string, count: number): Promise<number> {
  const ending = createEnding();
  const plain = await openPlainSide(cli, ending);
  try {
    await plain.converge({ count: 1, version: 0 });
    return await plain.converge({ count, version: 0 });
  } finally {
    await ending.run();
  }
}

const creation = ({ count, long, budget, slowPlain }: Size): Group => {
  const measure = async (ending: Ending, { cli, slow }: Bench): Promise<readonly Figure[]> => {
    const { ms, memory } = await ours(ending, count);
    const plain = slowPlain && !slow ? "not run (--slow)" : seconds(await plainly(cli, count));
    const what = `create ${count.toLocaleString("en")} resources`;
    return [
      { what, unit: "s", holdfast: seconds(ms), plain, ...(budget && { budget }) },
      ...(long ? memory : []),
    ];
  };
  return group(ending => ending, [{ name: `create-${count}`, ...(long && { long }), measure }]);
};

export const creations: readonly Group[] = [
  creation({ count: 100 }),
  creation({ count: 1_000, long: true, budget: { under: 8 } }),
  creation({ count: 10_000, long: true, slowPlain: true }),
];
