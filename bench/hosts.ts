/** Files on real hosts, kept equal to Git: by holdfast over ssh, and by `ansible-pull` on the very same host, in turns. */
import { setTimeout as wait } from "node:timers/promises";
import type { Ending } from "../test/support/git.ts";
import { until } from "../test/support/daemon-stage.ts";
import { noHosts, startHosts, type Host } from "../test/support/hosts/hosts.ts";
import { openAnsibleSide, type AnsibleSide } from "./ansible-side.ts";
import { median, seconds, type Bench, type Figure } from "./figure.ts";
import { group } from "./group.ts";
import { openHoldfastSide, type HoldfastSide } from "./holdfast-side.ts";

interface Scene {
  readonly host: Host;
  readonly ansible: AnsibleSide;
  readonly holdfast: HoldfastSide;
  /** Each change is another one. */
  readonly nextVersion: () => number;
}

type TellingScene = Pick<Scene, "host" | "holdfast">;

const MANY = 20;
/** Commits come apart: by then the processes for the next run have started and rehearsed, on a slow machine too. */
const BETWEEN_MS = 6_000;

async function start(count: number, ending: Ending): Promise<readonly Host[]> {
  if (noHosts !== false) throw new Error(noHosts);
  const hosts = await startHosts(count);
  ending.after(() => hosts.stop());
  return hosts.all;
}

const connectionOf = ({ connection }: Host) => ({ ...connection });

async function medianOf(times: number, work: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let round = 0; round < times; round++) {
    await wait(BETWEEN_MS);
    all.push(await work());
  }
  return seconds(median(all));
}

/**
 * The machine may give more or less from one minute to the next: after each round of theirs come a few of ours. With 200
 * files theirs takes as long as forty of ours, and the first of ours finds its programs' pages gone from memory.
 */
const OURS_IN_TURN = 5;

async function inTurns(
  turns: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ readonly holdfast: number; readonly plain: number }> {
  const all = { ours: new Array<number>(), theirs: new Array<number>() };
  for (let turn = 0; turn < turns; turn++) {
    all.theirs.push(await theirs());
    for (let round = 0; round < OURS_IN_TURN; round++) {
      await wait(BETWEEN_MS);
      all.ours.push(await ours());
    }
  }
  return { holdfast: seconds(median(all.ours)), plain: seconds(median(all.theirs)) };
}

/** Ansible's rounds are long: with 200 files two are enough to see that they are alike. */
const roundsOf = (count: number, times: number): number => (count > MANY ? Math.min(times, 2) : times);

/** One file among `count` changed, nothing changed, and one changed by hand. */
const sized =
  (count: number, faster: number) =>
  async ({ host, ansible, holdfast, nextVersion }: Scene, { times }: Bench): Promise<Figure[]> => {
    const rounds = roundsOf(count, times);
    let version = nextVersion();
    holdfast.commit({ count, version });
    await holdfast.run("converge", "converged");
    await ansible.commit({ count, version });
    await ansible.pull();
    const budget = { times: faster };
    const figure = async (what: string, ours: () => Promise<number>, theirs: () => Promise<number>) => ({
      what: `${what}, beside ansible-pull`,
      unit: "s" as const,
      ...(await inTurns(rounds, ours, theirs)),
      budget,
    });
    const changed = await figure(
      `commit → converged, 1 of ${count} files on a host`,
      () => {
        version = nextVersion();
        holdfast.commit({ count, version });
        return holdfast.run("converge", "converged");
      },
      async () => {
        version = nextVersion();
        await ansible.commit({ count, version });
        return ansible.pull();
      },
    );
    const unchanged = await figure(
      `no-change check of ${count} files on a host`,
      () => holdfast.run("check", "unchanged"),
      () => ansible.pull(),
    );
    // Another file each time: who changes the same one again and again is answered less and less often. Never the one that
    // commits change.
    let changes = 0;
    const byHand = (): Promise<unknown> => host.run(`echo by hand >>/data/f${1 + (changes++ % (count - 1))}`);
    const repaired = await figure(
      `repair of 1 of ${count} files on a host, from the probe that finds it`,
      () => holdfast.repair(byHand),
      async () => {
        await host.run("echo by hand >>/ansible-data/f1");
        return ansible.pull();
      },
    );
    const asked = await medianOf(times, async () => {
      await holdfast.probed();
      await byHand();
      return holdfast.run("converge", "converged");
    });
    const { plain } = repaired;
    const byPerson = {
      what: `repair of 1 of ${count} files on a host, where a person asks for it`,
      unit: "s" as const,
      holdfast: asked,
      plain,
    };
    return [changed, unchanged, repaired, byPerson];
  };

async function many(holdfast: HoldfastSide, { times }: Bench): Promise<Figure[]> {
  let version = 0;
  const took = await medianOf(times, () => {
    holdfast.commit({ count: MANY, version: ++version });
    return holdfast.run("converge", "converged");
  });
  const check = await medianOf(times, () => holdfast.run("check", "unchanged"));
  return [
    { what: `commit → converged, 1 of ${MANY} files on each of ${MANY} hosts`, unit: "s", holdfast: took },
    { what: `no-change check of ${MANY} files on each of ${MANY} hosts`, unit: "s", holdfast: check },
  ];
}

export const oneHost = group<Scene>(
  async ending => {
    const [host] = await start(1, ending);
    if (!host) throw new Error("no host");
    const ansible = await openAnsibleSide(host, ending);
    const holdfast = await openHoldfastSide(ending, { connections: [connectionOf(host)], probes: "often" });
    let version = 0;
    return { host, ansible, holdfast, nextVersion: () => ++version };
  },
  [
    { name: "host-20-files", long: true, measure: sized(MANY, 12) },
    { name: "host-200-files", long: true, measure: sized(200, 40) },
  ],
);

/** One file changed by hand among 20, where a path unit on the host tells. */
async function tells({ host, holdfast }: TellingScene, { times }: Bench): Promise<Figure[]> {
  holdfast.commit({ count: MANY, version: 0 });
  await holdfast.run("converge", "converged");
  const listening = "systemctl list-units --no-legend --plain --state=active 'holdfast-watch-*.path'";
  await until("the host is listened to", async () => (await host.run(listening)) !== "");
  let changes = 0;
  const took = await medianOf(times, () =>
    holdfast.found(() => host.run(`echo by hand >>/data/f${changes++ % MANY}`)),
  );
  return [
    {
      what: `change by hand → found, 1 of ${MANY} files, where the host tells`,
      unit: "s",
      holdfast: took,
      budget: { under: 1 },
    },
  ];
}

export const tellingHost = group<TellingScene>(
  async ending => {
    const [host] = await start(1, ending);
    if (!host) throw new Error("no host");
    const connections = [connectionOf(host)];
    return { host, holdfast: await openHoldfastSide(ending, { connections, probes: "told" }) };
  },
  [{ name: "host-tells", long: true, measure: tells }],
);

export const manyHosts = group<HoldfastSide>(
  async ending => {
    const hosts = await start(MANY, ending);
    const holdfast = await openHoldfastSide(ending, { connections: hosts.map(connectionOf) });
    holdfast.commit({ count: MANY, version: 0 });
    await holdfast.run("converge", "converged");
    return holdfast;
  },
  [{ name: "hosts-many", long: true, measure: many }],
);
