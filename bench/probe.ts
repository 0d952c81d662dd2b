/** 1,000 stacks of 20 files on 20 hosts, compared with reality by the probe of the real daemon. */
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { startSshd, type Sshd } from "../test/support/sshd.ts";
import type { Ending } from "../test/support/git.ts";
import { median, timed, type Bench, type Figure } from "./figure.ts";
import { group } from "./group.ts";
import { FILES_OF_STACK, openManyStacks, type Layout, type ManyStacks } from "./many-stacks.ts";
import { memoryOf, ownCpu } from "./own-processes.ts";

const COUNT = 1_000;
const HOSTS = 20;
const EVERY_SECONDS = 30;
const ABOUT = `${COUNT.toLocaleString("en")} stacks of ${FILES_OF_STACK} on ${HOSTS} hosts`;

const connectionTo = ({ port, user, identityFile, hostKey }: Sshd) => ({
  host: "127.0.0.1",
  port,
  user,
  identityFile,
  hostKey,
});
/** As JSON has it in the text of a state, whatever the order of its keys. */
const wordsOf = (sshd: Sshd): readonly string[] =>
  Object.entries(connectionTo(sshd)).map(([key, value]) => `"${key}":${JSON.stringify(value)}`);

function moved(text: string, from: Sshd, to: Sshd): string {
  const words = wordsOf(to);
  return wordsOf(from).reduce((moving, word, index) => moving.replaceAll(word, words[index] ?? word), text);
}

/** Each host is an sshd of its own on loopback, and each stack's files are on one of them. */
async function layoutOn(ending: Ending): Promise<Layout> {
  const hosts: Sshd[] = [];
  ending.after(() => Promise.all(hosts.map(host => host.stop())));
  while (hosts.length < HOSTS) hosts.push(await startSshd());
  const [first] = hosts;
  if (!first) throw new Error("no hosts");
  const hostOf = (stack: string): Sshd => hosts[Number(stack.slice(-4)) % HOSTS] ?? first;
  const all = JSON.stringify(hosts.map(connectionTo));
  return {
    settings: `firstApply: allow, interval: 1h, drift: { every: 24h, probe: ${EVERY_SECONDS}s }`,
    connection: `${all}[Number(pulumi.getStack().slice(-4)) % ${HOSTS}]!`,
    root: "folder",
    moved: (text, stack) => moved(text, first, hostOf(stack)),
    env: { HOLDFAST_API_TOKEN_REQUIRED: "false" },
  };
}

interface Sweeps {
  readonly count: number;
  readonly seconds: number;
  readonly resources: number;
  readonly silent: number;
}

async function sweepsOf({ daemon }: ManyStacks): Promise<Sweeps> {
  const answer = await fetch(`${daemon.url}/metrics`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  const value = (name: string): number =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  return {
    count: value("holdfast_probe_sweep_duration_seconds_count"),
    seconds: value("holdfast_probe_sweep_duration_seconds_sum"),
    resources: value("holdfast_probe_resources"),
    silent: value("holdfast_probe_silent_hosts"),
  };
}

/** Metrics of 1,000 stacks take the daemon's time, too. The sweep's own is in them. */
const POLL_MS = 1_000;
/** By then what the sweeps left behind is collected. */
const SETTLED_MS = 60_000;
/** A sweep that is longer than its interval leaves less to the next one; that of all counts. */
const LONGEST_MS = 10 * 60_000;

/** How long the next sweep of everything took. */
async function nextSweep(scene: ManyStacks): Promise<number> {
  const until = performance.now() + LONGEST_MS;
  let before = await sweepsOf(scene);
  while (performance.now() < until) {
    await setTimeout(POLL_MS);
    const now = await sweepsOf(scene);
    if (now.count === before.count) continue;
    if (now.resources === COUNT * FILES_OF_STACK && now.silent === 0)
      return (now.seconds - before.seconds) / (now.count - before.count);
    before = now;
  }
  throw new Error(`no sweep reached everything: ${JSON.stringify(before)}`);
}

async function sweep(scene: ManyStacks, { times }: Bench): Promise<readonly Figure[]> {
  const first = await nextSweep(scene);
  const took: number[] = [];
  const before = ownCpu(scene);
  for (let round = 0; round < times; round++) took.push(await nextSweep(scene));
  const used = ownCpu(scene) - before;
  await setTimeout(SETTLED_MS);
  return [
    { what: `${ABOUT} swept by probe`, unit: "s", holdfast: median(took), budget: { under: 5 } },
    {
      what: "  holdfast's own CPU time for each stack",
      unit: "ms",
      holdfast: (used / times / COUNT) * 1_000,
      budget: { under: 10 },
    },
    { what: "  the first sweep of a new daemon, which reads every state", unit: "s", holdfast: first },
    ...memoryOf(scene, "swept by probe", ABOUT),
  ];
}

async function repair({ stage }: ManyStacks, { times }: Bench): Promise<readonly Figure[]> {
  const took: number[] = [];
  for (let round = 0; round < times; round++) {
    const file = path.join(stage.sandbox, `stack${String(500 + round).padStart(4, "0")}`, "data", "f7");
    const whole = statSync(file).size;
    writeFileSync(file, "by hand, and longer than before\n");
    took.push(
      await timed(async () => {
        while (statSync(file).size !== whole) await setTimeout(20);
      }),
    );
  }
  const what = `one of ${(COUNT * FILES_OF_STACK).toLocaleString("en")} files changed by hand → back, probe every ${EVERY_SECONDS} s`;
  return [{ what, unit: "s", holdfast: median(took) / 1_000 }];
}

export const probe = group<ManyStacks>(
  async (ending, { say }) => openManyStacks(ending, COUNT, say, await layoutOn(ending)),
  [
    { name: "probe-sweep", long: true, measure: sweep },
    { name: "probe-repair", long: true, measure: repair },
  ],
);
