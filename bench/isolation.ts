/**
 * What isolation costs: the same program under the real CLI, in a box and without, in turns. `node bench/isolation.ts
 * [TURNS]`. Prints medians: a worker made (spawn to ready), and a whole `pulumi preview` (the run).
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findBoxes } from "../src/program/find-box.ts";
import { startProgramProcess } from "../src/program/program-process.ts";
import { createWorkerPool } from "../src/program/worker-pool.ts";
import { run } from "../src/process/run.ts";

const holdfast = path.resolve(import.meta.dirname, "..");
const turns = Number(process.argv[2] ?? 10);
const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), "holdfast-isolation-")));
const at = (name: string): string => {
  mkdirSync(path.join(root, name), { recursive: true });
  return path.join(root, name);
};
const sdk = realpathSync(path.join(holdfast, "node_modules/@pulumi/pulumi"));
const PATH = process.env["PATH"] ?? "";
const found = await findBoxes({ holdfast, data: at("data"), folder: at("boxes"), path: PATH });
if (found.hold === "none") throw new Error(found.why);
const box = { isolation: found.isolation, network: { reach: "outside" as const } };
const ways = [
  ["plain", {}],
  ["boxed", { box }],
] as const;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function makeWorker(way: (typeof ways)[number]): Promise<number> {
  const start = performance.now();
  const worker = startProgramProcess({
    sdk,
    holdfast,
    cache: at(`cache-${way[0]}`),
    env: { PATH },
    ...way[1],
  });
  await worker.ready;
  const took = performance.now() - start;
  await worker.stop();
  return took;
}

const program = `const pulumi = require("@pulumi/pulumi");
class Group extends pulumi.ComponentResource { constructor(name) { super("bench:index:Group", name, {}); this.registerOutputs({ name }); } }
for (let n = 0; n < 20; n++) new Group("group-" + n);
`;

async function preview(pool: ReturnType<typeof createWorkerPool>, folder: string): Promise<number> {
  const worker = await pool.take({ folder, sdk, pathEntries: [], plugins: [], readable: [folder] }, {});
  if (!worker.ok) throw new Error(worker.failure.reason);
  const start = performance.now();
  const env = {
    PATH,
    HOME: at("home"),
    PULUMI_BACKEND_URL: `file://${at("state")}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}`,
  };
  const args = ["preview", "--stack", "dev", "--non-interactive", "--skip-plugin-pre-install"];
  const done = await run("pulumi", args, { cwd: folder, env, deadlineMs: 120_000 });
  if (done.code !== 0) throw new Error(done.stdout.toString() + done.stderr.toString());
  const took = performance.now() - start;
  await worker.value.stop();
  return took;
}

const folder = at("program");
writeFileSync(path.join(folder, "Pulumi.yaml"), "name: bench\nruntime: nodejs\n");
writeFileSync(path.join(folder, "index.js"), program);
const stacks = at("state/.pulumi/stacks/bench");
writeFileSync(
  path.join(stacks, "dev.json"),
  JSON.stringify({ version: 3, checkpoint: { stack: "organization/bench/dev" } }),
);
const pools = ways.map(
  ([name, more]) =>
    [
      name,
      createWorkerPool({ holdfast, cache: at(`cache-${name}`), redact: text => text, spare: 1, ...more }),
    ] as const,
);
const workers: Record<string, number[]> = { plain: [], boxed: [] };
const runs: Record<string, number[]> = { plain: [], boxed: [] };
for (const way of ways) await makeWorker(way); // fills its cache
for (let turn = 0; turn < turns; turn++) for (const way of ways) workers[way[0]]?.push(await makeWorker(way));
for (const [, pool] of pools) pool.warm([sdk]);
for (let turn = 0; turn < turns; turn++) {
  for (const [name, pool] of pools) {
    await new Promise(resolve => setTimeout(resolve, 2000)); // the spare one is ready
    runs[name]?.push(await preview(pool, folder));
  }
}
for (const [what, values] of [
  ["a worker made", workers],
  ["a preview of 20 resources", runs],
] as const) {
  const [plain, boxed] = [median(values["plain"] ?? []), median(values["boxed"] ?? [])];
  const more = (boxed - plain).toFixed(0);
  process.stdout.write(
    `${what}: ${plain.toFixed(0)} ms without, ${boxed.toFixed(0)} ms in a box, ${more} ms more\n`,
  );
}
await Promise.all(pools.map(([, pool]) => pool.close()));
rmSync(root, { recursive: true, force: true });
