/** holdfast's own way: a commit, then what its engine does. */
import { backupsOf } from "../src/config/care-settings.ts";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { openHoldfast, type Holdfast } from "../src/commands/wire.ts";
import type { RunMode, RunRecord } from "../src/engine/ports/records.ts";
import type { EngineEvent } from "../src/engine/event.ts";
import { until } from "../test/support/daemon-stage.ts";
import { tempFolder, type Ending } from "../test/support/git.ts";
import { makeRepository, type BenchConnection, type Content } from "./estate.ts";

export interface HoldfastSide {
  commit(content: Content): void;
  /** Milliseconds of a fetch and a run to its end; throws where it did not end as it should. */
  run(mode: RunMode, expected: RunRecord["outcome"]): Promise<number>;
  /**
   * Milliseconds from the beginning of the probe that finds what `change` does, to the end of the run that puts it right.
   * Only where it probes.
   */
  repair(change: () => Promise<unknown>): Promise<number>;
  /** Milliseconds from the end of what `change` does until it is found. Only where hosts tell. */
  found(change: () => Promise<unknown>): Promise<number>;
  /** Ends with the next probe: there are seconds then until another one. Only where it probes. */
  probed(): Promise<void>;
  readonly pids: Holdfast["pids"];
}

export interface SideOptions {
  /** Default: none, their cost is measured by itself. */
  readonly backups?: boolean;
  /** Default: a sandbox folder. */
  readonly connections?: readonly BenchConnection[];
  /** Probes every few seconds, or where hosts tell, and puts right what it finds. Default: it does what it is asked for. */
  readonly probes?: keyof typeof PROBED;
}

const PROBED = {
  often: "interval: 1h, drift: { every: 24h, probe: 5s }",
  told: "interval: 1h, drift: { every: 24h, probe: 10m, watch: true }",
};

/** What `pick` makes of the next event that it wants. */
async function next<T>(
  what: string,
  events: readonly EngineEvent[],
  pick: (event: EngineEvent) => T | undefined,
): Promise<T> {
  const from = events.length;
  return until(what, () =>
    events
      .slice(from)
      .map(pick)
      .find(found => found !== undefined),
  );
}

async function probed(events: readonly EngineEvent[]): Promise<void> {
  await next("a probe", events, event => (event.type === "probed" ? event : undefined));
}

async function repair(events: readonly EngineEvent[], change: () => Promise<unknown>): Promise<number> {
  // So that none sees half of the change.
  await probed(events);
  await change();
  const found = await next("what was changed is found", events, event =>
    event.type === "probed" && event.differing > 0 ? event.at - event.ms : undefined,
  );
  const { run, at } = await next("it is put right", events, event =>
    event.type === "run-ended" ? event : undefined,
  );
  if (run.trigger !== "probe" || run.outcome !== "converged") throw new Error(JSON.stringify(run));
  return at - found;
}

async function found(events: readonly EngineEvent[], change: () => Promise<unknown>): Promise<number> {
  const from = events.length;
  await change();
  const changed = Date.now();
  const seen = (type: EngineEvent["type"]): Promise<EngineEvent> =>
    until(type, () => events.slice(from).find(event => event.type === type));
  const { at } = await seen("probe-found");
  await seen("run-ended");
  return Math.max(0, at - changed);
}

export async function openHoldfastSide(
  ending: Ending,
  { backups = false, connections, probes }: SideOptions = {},
): Promise<HoldfastSide> {
  let close = (): unknown => undefined;
  // Before its folder goes.
  ending.after(() => close());
  const temp = tempFolder(ending, "holdfast-bench-");
  const repo = path.join(temp, "repo");
  mkdirSync(repo);
  const hosts = connections ?? [{ local: true, root: path.join(temp, "sandbox") }];
  const repository = makeRepository(repo, hosts, probes && PROBED[probes]);
  const events: EngineEvent[] = [];
  repository.commit({ count: 0, version: 0 });
  const settings = {
    repo,
    branch: "main",
    data: path.join(temp, "data"),
    listen: { host: "127.0.0.1", port: 0 },
    behindProxy: false,
    apiTokenRequired: true,
    credentials: [],
    backups: backupsOf({ enabled: backups }, temp),
    parallelism: 2,
    workers: 2,
  };
  const opened = await openHoldfast({
    settings,
    env: process.env,
    cwd: temp,
    what: "bench",
    automatic: probes !== undefined,
    listener: event => void (probes && events.push(event)),
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  const { controller, pids } = opened.value;
  close = () => opened.value.close(0);
  if (probes) controller.start();
  return {
    commit: content => repository.commit(content),
    async run(mode, expected) {
      const started = performance.now();
      const ended = await controller.ask({ stacks: [], mode, by: "bench" });
      const took = performance.now() - started;
      const run = ended.ok ? ended.value[0] : undefined;
      if (run?.outcome !== expected)
        throw new Error(`expected ${expected}: ${JSON.stringify(ended.ok ? run : ended.failure)}`);
      return took;
    },
    repair: change => repair(events, change),
    found: change => found(events, change),
    probed: () => probed(events),
    pids,
  };
}
