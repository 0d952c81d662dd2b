/** `npm run bench`: the same work by holdfast and by the plain Automation API, side by side in one run. */
import os from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { locatePulumi } from "../src/pulumi/locate.ts";
import { openHoldfastSide, type HoldfastSide } from "./holdfast-side.ts";
import { proportionalMegabytes } from "./memory.ts";
import { openPlainSide, type PlainSide } from "./plain-side.ts";

interface Row {
  readonly what: string;
  readonly holdfast: number;
  readonly plain?: number;
  readonly budget?: string;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** A, B, A, B …: both see the same machine. */
async function inTurn(
  times: number,
  a: (round: number) => Promise<number>,
  b: (round: number) => Promise<number>,
): Promise<[number, number]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let round = 1; round <= times; round++) {
    first.push(await a(round));
    second.push(await b(round));
  }
  return [median(first), median(second)];
}

async function small(holdfast: HoldfastSide, plain: PlainSide, times: number): Promise<Row[]> {
  const count = 20;
  holdfast.commit({ count, version: 0 });
  await holdfast.run("converge", "converged");
  await plain.converge({ count, version: 0 });
  const change = await inTurn(
    times,
    round => {
      holdfast.commit({ count, version: round });
      return holdfast.run("converge", "converged");
    },
    round => plain.converge({ count, version: round }),
  );
  const check = await inTurn(
    times,
    () => holdfast.run("check", "unchanged"),
    () => plain.check({ count, version: times }),
  );
  return [
    {
      what: "commit → converged, 20 resources, one changed",
      holdfast: change[0],
      plain: change[1],
      budget: "under 1 s, 6 times",
    },
    {
      what: "check of an unchanged stack, 20 resources",
      holdfast: check[0],
      plain: check[1],
      budget: "under 0.3 s",
    },
  ];
}

/** Longer than a daemon takes until its spare workers are loaded again. */
const SETTLED_MS = 3_000;

/** By a daemon that runs already: it has deployed one resource before, and its spare workers are loaded. */
async function create(cli: string, count: number): Promise<Row> {
  const holdfast = await openHoldfastSide();
  try {
    holdfast.commit({ count: 1, version: 0 });
    await holdfast.run("converge", "converged");
    await setTimeout(SETTLED_MS);
    holdfast.commit({ count, version: 0 });
    const ours = await holdfast.run("converge", "converged");
    const plain = await openPlainSide(cli);
    try {
      return {
        what: `create ${count} resources`,
        holdfast: ours,
        plain: await createPlainly(plain, count),
        ...(count === 1000 && { budget: "under 8 s" }),
      };
    } finally {
      plain.close();
    }
  } finally {
    await holdfast.close();
  }
}

async function createPlainly(plain: PlainSide, count: number): Promise<number> {
  await plain.converge({ count: 1, version: 0 });
  return plain.converge({ count, version: 0 });
}

function print(rows: readonly Row[]): void {
  const cells = rows.map(({ what, holdfast, plain, budget }) => [
    what,
    seconds(holdfast),
    plain === undefined ? "-" : seconds(plain),
    plain === undefined ? "-" : `${(plain / holdfast).toFixed(1)}x`,
    budget ?? "",
  ]);
  const table = [["", "holdfast", "Automation API", "ratio", "budget"], ...cells];
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(...table.map(row => (row[column] ?? "").length)));
  for (const row of table)
    say(
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    );
}

const { values } = parseArgs({
  options: { times: { type: "string", default: "5" }, quick: { type: "boolean", default: false } },
});
const located = await locatePulumi({
  env: process.env,
  tools: path.resolve(import.meta.dirname, "../tools"),
  install: true,
});
if (!located.found) throw new Error(located.message);
const [processor] = os.cpus();
say(
  `${os.availableParallelism()} × ${processor?.model ?? "?"}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}; medians of ${values.times}, the two sides in turn`,
);

const holdfast = await openHoldfastSide();
const plain = await openPlainSide(located.path);
const rows: Row[] = [];
let memory = "";
try {
  rows.push(...(await small(holdfast, plain, Number(values.times))));
  const { state, providers } = holdfast.pids();
  memory = `memory (shared pages counted once): state service ${proportionalMegabytes(state)} MB, provider host ${proportionalMegabytes(providers)} MB, this process (controller and bench) ${proportionalMegabytes(process.pid)} MB`;
} finally {
  plain.close();
  await holdfast.close();
}
rows.push(await create(located.path, 100));
if (!values.quick) rows.push(await create(located.path, 1000));
print(rows);
say(memory);
