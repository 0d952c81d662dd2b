/** 1,000 stacks of 20 resources in one daemon: at rest, swept, and in a backup. */
import { statSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { childrenOf } from "../soak/scene.ts";
import type { Bench, Figure } from "./figure.ts";
import { seconds, timed } from "./figure.ts";
import { group } from "./group.ts";
import { FILES_OF_STACK, openManyStacks, type ManyStacks } from "./many-stacks.ts";
import { commandOf, cpuSeconds, proportionalMegabytes } from "./usage.ts";

const COUNT = 1_000;
const ABOUT = `${COUNT.toLocaleString("en")} stacks of ${FILES_OF_STACK}`;
/** The daemon's first backup and its own tidying are over by then. */
const SETTLED_MS = 60_000;
const IDLE_MS = 60_000;

/** holdfast's own processes; workers, which run programs, are apart. */
function own({ daemon }: ManyStacks): readonly { readonly name: string; readonly pid: number }[] {
  const named = childrenOf(daemon.pid).flatMap(pid => {
    const command = commandOf(pid);
    if (command.includes("wire-state-main")) return [{ name: "state service", pid }];
    return command.includes("providers/main.ts") ? [{ name: "provider host", pid }] : [];
  });
  return [{ name: "controller", pid: daemon.pid }, ...named];
}

function memory(scene: ManyStacks, when: string): readonly Figure[] {
  const each = own(scene).map(({ name, pid }) => ({ name, megabytes: proportionalMegabytes(pid) ?? NaN }));
  const all = each.reduce((sum, { megabytes }) => sum + megabytes, 0);
  return [
    { what: `${ABOUT} ${when}: memory`, unit: "MB", holdfast: all, budget: { under: 300 } },
    ...each.map(({ name, megabytes }) => ({
      what: `  ${name}`,
      unit: "MB" as const,
      holdfast: megabytes,
    })),
  ];
}

const cpu = (scene: ManyStacks, children = false): number =>
  own(scene).reduce((sum, { pid }) => sum + cpuSeconds(pid, children), 0);

async function idle(scene: ManyStacks): Promise<readonly Figure[]> {
  await setTimeout(SETTLED_MS);
  const before = cpu(scene);
  await setTimeout(IDLE_MS);
  const used = cpu(scene) - before;
  return [
    ...memory(scene, "at rest"),
    { what: "  CPU time", unit: "% of a core", holdfast: (used / seconds(IDLE_MS)) * 100 },
  ];
}

async function drift({ stage }: ManyStacks): Promise<void> {
  const ended = await stage.run(["drift", "--json"]);
  if (ended.code !== 0) throw new Error(ended.stderr + ended.stdout.slice(0, 1_000));
}

async function sweep(scene: ManyStacks): Promise<readonly Figure[]> {
  const before = cpu(scene, true);
  const ms = await timed(() => drift(scene));
  const used = cpu(scene, true) - before;
  await setTimeout(SETTLED_MS);
  return [
    { what: `${ABOUT} swept by refresh`, unit: "s", holdfast: seconds(ms), budget: { under: 240 } },
    { what: "  CPU time for each stack, CLI included", unit: "ms", holdfast: (used / COUNT) * 1_000 },
    ...memory(scene, "after a sweep"),
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
