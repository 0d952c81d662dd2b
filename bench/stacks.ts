/** 1,000 stacks of 20 resources in one daemon: at rest, swept, and in a backup. */
import { statSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Bench, Figure } from "./figure.ts";
import { seconds, timed } from "./figure.ts";
import { group } from "./group.ts";
import { FILES_OF_STACK, openManyStacks, type ManyStacks } from "./many-stacks.ts";
import { memoryOf, ownCpu } from "./own-processes.ts";

const COUNT = 1_000;
const ABOUT = `${COUNT.toLocaleString("en")} stacks of ${FILES_OF_STACK}`;
/** The daemon's first backup and its own tidying are over by then. */
const SETTLED_MS = 60_000;
const IDLE_MS = 60_000;

async function idle(scene: ManyStacks): Promise<readonly Figure[]> {
  await setTimeout(SETTLED_MS);
  const before = ownCpu(scene);
  await setTimeout(IDLE_MS);
  const used = ownCpu(scene) - before;
  return [
    ...memoryOf(scene, "at rest", ABOUT),
    { what: "  CPU time", unit: "% of a core", holdfast: (used / seconds(IDLE_MS)) * 100 },
  ];
}

async function drift({ stage }: ManyStacks): Promise<void> {
  const ended = await stage.run(["drift", "--json"]);
  if (ended.code !== 0) throw new Error(ended.stderr + ended.stdout.slice(0, 1_000));
}

async function sweep(scene: ManyStacks): Promise<readonly Figure[]> {
  const before = ownCpu(scene, true);
  const ms = await timed(() => drift(scene));
  const used = ownCpu(scene, true) - before;
  await setTimeout(SETTLED_MS);
  return [
    { what: `${ABOUT} swept by refresh`, unit: "s", holdfast: seconds(ms), budget: { under: 240 } },
    { what: "  CPU time for each stack, CLI included", unit: "ms", holdfast: (used / COUNT) * 1_000 },
    ...memoryOf(scene, "after a sweep", ABOUT),
  ];
}

async function backup({ stage, env }: ManyStacks, { say }: Bench): Promise<readonly Figure[]> {
  const to = path.join(stage.base, "backups-of-bench");
  let size = NaN;
  const ms = await timed(async () => {
    const made = await stage.run(["backup", "--to", to, "--json"], { env });
    if (made.code !== 0) throw new Error(made.stderr + made.stdout);
    const { made: one } = JSON.parse(made.stdout) as { made: { size: number } };
    size = one.size;
  });
  const database = statSync(path.join(stage.data, "holdfast.db")).size;
  say(`the database has ${(database / 1e6).toFixed(1)} MB`);
  return [
    { what: `a backup of ${ABOUT}, read back and checked`, unit: "s", holdfast: seconds(ms) },
    { what: "  its size", unit: "MB, as stored", holdfast: size / 1e6 },
  ];
}

export const stacks = group<ManyStacks>(
  (ending, { say }) => openManyStacks(ending, COUNT, say),
  [
    { name: "stacks-idle", long: true, measure: idle },
    { name: "stacks-sweep", long: true, measure: sweep },
    { name: "stacks-backup", long: true, measure: backup },
  ],
);
