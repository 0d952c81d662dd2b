/** One stack of 20 resources: by holdfast and by the plain Automation API, in turns. */
import { median, seconds, type Bench, type Figure } from "./figure.ts";
import { group } from "./group.ts";
import { openHoldfastSide, type HoldfastSide } from "./holdfast-side.ts";
import { openPlainSide, type PlainSide } from "./plain-side.ts";
import { proportionalMegabytes } from "./usage.ts";

interface Sides {
  readonly holdfast: HoldfastSide;
  readonly plain: PlainSide;
  /** Each change is another one. */
  readonly nextVersion: () => number;
}

const COUNT = 20;

/** A, B, A, B …: both see the same machine. */
async function inTurn(
  times: number,
  a: () => Promise<number>,
  b: () => Promise<number>,
): Promise<Pick<Figure, "unit" | "holdfast" | "plain">> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let round = 0; round < times; round++) {
    first.push(await a());
    second.push(await b());
  }
  return { unit: "s", holdfast: seconds(median(first)), plain: seconds(median(second)) };
}

async function commit({ holdfast, plain, nextVersion }: Sides, { times }: Bench): Promise<Figure[]> {
  let version = 0;
  const figure = await inTurn(
    times,
    () => {
      version = nextVersion();
      holdfast.commit({ count: COUNT, version });
      return holdfast.run("converge", "converged");
    },
    () => plain.converge({ count: COUNT, version }),
  );
  const what = `commit → converged, ${COUNT} resources, one changed`;
  return [{ what, ...figure, budget: { under: 1, times: 6 } }];
}

async function check({ holdfast, plain, nextVersion }: Sides, { times }: Bench): Promise<Figure[]> {
  const version = nextVersion() - 1;
  const figure = await inTurn(
    times,
    () => holdfast.run("check", "unchanged"),
    () => plain.check({ count: COUNT, version }),
  );
  return [{ what: `check of an unchanged stack, ${COUNT} resources`, ...figure, budget: { under: 0.3 } }];
}

async function memory({ holdfast }: Sides): Promise<Figure[]> {
  const { state, providers } = holdfast.pids();
  const of = (what: string, pid: number | undefined): Figure => ({
    what: `memory of the ${what}`,
    unit: "MB",
    holdfast: proportionalMegabytes(pid) ?? NaN,
  });
  return [
    of("state service", state),
    of("provider host", providers),
    of("controller, with this bench in it", process.pid),
  ];
}

export const small = group<Sides>(
  async (ending, { cli }) => {
    const holdfast = await openHoldfastSide(ending);
    const plain = await openPlainSide(cli, ending);
    let version = 0;
    holdfast.commit({ count: COUNT, version });
    await holdfast.run("converge", "converged");
    await plain.converge({ count: COUNT, version });
    return { holdfast, plain, nextVersion: () => ++version };
  },
  [
    { name: "commit", measure: commit },
    { name: "check", measure: check },
    { name: "memory", measure: memory },
  ],
);
