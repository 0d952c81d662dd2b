/** holdfast's own way: a commit, then what its engine does. */
import { backupsOf } from "../src/config/care-settings.ts";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { openHoldfast, type Holdfast } from "../src/commands/wire.ts";
import type { RunMode, RunRecord } from "../src/engine/ports/records.ts";
import { makeRepository, tempFolder, type Content } from "./estate.ts";

export interface HoldfastSide {
  commit(content: Content): void;
  /** Milliseconds of a fetch and a run to its end; throws where it did not end as it should. */
  run(mode: RunMode, expected: RunRecord["outcome"]): Promise<number>;
  readonly pids: Holdfast["pids"];
  close(): Promise<void>;
}

export async function openHoldfastSide(): Promise<HoldfastSide> {
  const temp = tempFolder("holdfast");
  const repo = path.join(temp.path, "repo");
  mkdirSync(repo);
  const repository = makeRepository(repo, path.join(temp.path, "sandbox"));
  repository.commit({ count: 0, version: 0 });
  const settings = {
    repo,
    branch: "main",
    data: path.join(temp.path, "data"),
    listen: { host: "127.0.0.1", port: 0 },
    behindProxy: false,
    apiTokenRequired: true,
    credentials: [],
    // Its cost is measured by itself.
    backups: backupsOf({ enabled: false }, temp.path),
    parallelism: 2,
    workers: 2,
  };
  const opened = await openHoldfast({
    settings,
    env: process.env,
    cwd: temp.path,
    what: "bench",
    automatic: false,
    listener: () => undefined,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  const { controller, pids, close } = opened.value;
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
    async close() {
      await close(0);
      temp.remove();
    },
  };
}
