/** holdfast's own way: a commit, then what its engine does. */
import { backupsOf } from "../src/config/care-settings.ts";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { openHoldfast, type Holdfast } from "../src/commands/wire.ts";
import type { RunMode, RunRecord } from "../src/engine/ports/records.ts";
import { tempFolder, type Ending } from "../test/support/git.ts";
import { makeRepository, type BenchConnection, type Content } from "./estate.ts";

export interface HoldfastSide {
  commit(content: Content): void;
  /** Milliseconds of a fetch and a run to its end; throws where it did not end as it should. */
  run(mode: RunMode, expected: RunRecord["outcome"]): Promise<number>;
  readonly pids: Holdfast["pids"];
}

export interface SideOptions {
  /** Default: none, their cost is measured by itself. */
  readonly backups?: boolean;
  /** Default: a sandbox folder. */
  readonly connections?: readonly BenchConnection[];
}

export async function openHoldfastSide(
  ending: Ending,
  { backups = false, connections }: SideOptions = {},
): Promise<HoldfastSide> {
  let close = (): unknown => undefined;
  // Before its folder goes.
  ending.after(() => close());
  const temp = tempFolder(ending, "holdfast-bench-");
  const repo = path.join(temp, "repo");
  mkdirSync(repo);
  const repository = makeRepository(repo, connections ?? [{ local: true, root: path.join(temp, "sandbox") }]);
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
    automatic: false,
    listener: () => undefined,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  const { controller, pids } = opened.value;
  close = () => opened.value.close(0);
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
    pids,
  };
}
