/** What isolation costs: a worker made, and the same program under the real CLI, in a box and without, in turns. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { run } from "../src/process/run.ts";
import { findBoxes } from "../src/program/find-box.ts";
import { startProgramProcess } from "../src/program/program-process.ts";
import { createWorkerPool } from "../src/program/worker-pool.ts";
import { tempFolder, type Ending } from "../test/support/git.ts";
import { median, timed, type Bench, type Figure } from "./figure.ts";
import { group } from "./group.ts";

const HOLDFAST = path.resolve(import.meta.dirname, "..");
const SDK = realpathSync(path.join(HOLDFAST, "node_modules/@pulumi/pulumi"));
const PATH = process.env["PATH"] ?? "";
const COUNT = 20;

type Box = NonNullable<Parameters<typeof createWorkerPool>[0]["box"]>;

interface Way {
  /** For people: `in a box`. */
  readonly name: string;
  readonly cache: string;
  readonly box?: Box;
}

interface Scene {
  readonly ways: readonly Way[];
  /** A new folder below the scene's own. */
  readonly at: (name: string) => string;
}

async function open(ending: Ending): Promise<Scene> {
  const root = realpathSync(tempFolder(ending, "holdfast-bench-"));
  const at = (name: string): string => {
    mkdirSync(path.join(root, name), { recursive: true });
    return path.join(root, name);
  };
  const found = await findBoxes({ holdfast: HOLDFAST, data: at("data"), folder: at("boxes"), path: PATH });
  if (found.hold === "none") throw new Error(found.why);
  const box = { isolation: found.isolation, network: { reach: "outside" as const } };
  return {
    at,
    ways: [
      { name: "in a box", cache: at("cache-boxed"), box },
      { name: "without a box", cache: at("cache-plain") },
    ],
  };
}

/** In turns, so that all ways see the same machine. */
async function eachWay(
  what: string,
  ways: readonly Way[],
  times: number,
  work: (way: Way) => Promise<number>,
): Promise<readonly Figure[]> {
  const taken = new Map<Way, number[]>(ways.map(way => [way, []]));
  for (let turn = 0; turn < times; turn++) for (const way of ways) taken.get(way)?.push(await work(way));
  return ways.map(way => ({
    what: `${what} ${way.name}`,
    unit: "ms",
    holdfast: median(taken.get(way) ?? []),
  }));
}

const makeWorker = async ({ cache, box }: Way): Promise<number> => {
  const common = { sdk: SDK, holdfast: HOLDFAST, cache, env: { PATH } };
  const start = performance.now();
  const worker = startProgramProcess({ ...common, ...(box && { box }) });
  await worker.ready;
  const took = performance.now() - start;
  await worker.stop();
  return took;
};

async function workers({ ways }: Scene, { times }: Bench): Promise<readonly Figure[]> {
  for (const way of ways) await makeWorker(way); // fills its cache
  return eachWay("a worker made", ways, times, makeWorker);
}

const program = `const pulumi = require("@pulumi/pulumi");
class Group extends pulumi.ComponentResource { constructor(name) { super("bench:index:Group", name, {}); this.registerOutputs({ name }); } }
for (let n = 0; n < ${COUNT}; n++) new Group("group-" + n);
`;

function makeProject({ at }: Scene): string {
  const folder = at("program");
  writeFileSync(path.join(folder, "Pulumi.yaml"), "name: bench\nruntime: nodejs\n");
  writeFileSync(path.join(folder, "index.js"), program);
  const state = { version: 3, checkpoint: { stack: "organization/bench/dev" } };
  writeFileSync(path.join(at("state/.pulumi/stacks/bench"), "dev.json"), JSON.stringify(state));
  return folder;
}

type Pool = ReturnType<typeof createWorkerPool>;

async function preview({ at }: Scene, cli: string, pool: Pool, folder: string): Promise<number> {
  const worker = await pool.take({ folder, sdk: SDK, pathEntries: [], plugins: [], readable: [folder] }, {});
  if (!worker.ok) throw new Error(worker.failure.reason);
  const env = {
    PATH,
    HOME: at("home"),
    PULUMI_BACKEND_URL: `file://${at("state")}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}`,
  };
  const args = ["preview", "--stack", "dev", "--non-interactive", "--skip-plugin-pre-install"];
  const took = await timed(async () => {
    const done = await run(cli, args, { cwd: folder, env, deadlineMs: 120_000 });
    if (done.code !== 0) throw new Error(done.stdout.toString() + done.stderr.toString());
  });
  await worker.value.stop();
  return took;
}

/** Until the spare worker is loaded. */
const SPARE_MS = 2_000;

async function previews(scene: Scene, { cli, times }: Bench): Promise<readonly Figure[]> {
  const folder = makeProject(scene);
  const pools = new Map(
    scene.ways.map(way => {
      const options = { holdfast: HOLDFAST, redact: (text: string) => text, spare: 1 };
      return [way, createWorkerPool({ ...options, cache: way.cache, ...(way.box && { box: way.box }) })];
    }),
  );
  for (const pool of pools.values()) pool.warm([SDK]);
  try {
    return await eachWay(`a preview of ${COUNT} resources`, scene.ways, times, async way => {
      await setTimeout(SPARE_MS);
      const pool = pools.get(way);
      return pool ? preview(scene, cli, pool, folder) : NaN;
    });
  } finally {
    await Promise.all([...pools.values()].map(pool => pool.close()));
  }
}

export const isolation = group<Scene>(open, [
  { name: "isolation-worker", measure: workers },
  { name: "isolation-preview", measure: previews },
]);
