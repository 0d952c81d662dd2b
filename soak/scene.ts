/** Where a soak plays: a repository, a data folder on a small disk of its own, sandboxes for hosts, and the daemon. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeStage, type Stage } from "../test/support/daemon-stage.ts";
import { smallDisk } from "../test/support/small-disk.ts";
import type { Ending } from "../test/support/git.ts";
import { createDaemonLife, type DaemonLife } from "./daemon.ts";
import { firstEstate, type Estate } from "./estate.ts";
import type { Random } from "./random.ts";
import { estateFiles, groundFiles } from "./repository.ts";

export interface Scene {
  readonly stage: Stage;
  readonly data: string;
  /** The data folder is on a file system of its own. */
  readonly smallDisk: boolean;
  readonly daemon: DaemonLife;
  readonly clock: TestClock;
  readonly first: Estate;
  /** Notices for whoever looks on. */
  readonly say: (text: string) => void;
}

/** The wall clock of all holdfast's own processes. */
export interface TestClock {
  jump(ms: number): void;
  offset(): number;
}

/** Room for the data of twenty small stacks; quickly filled. */
const DISK = "192m";

function createClock(file: string): TestClock {
  let offset = 0;
  const keep = (): void => writeFileSync(file, String(offset));
  keep();
  return {
    offset: () => offset,
    jump(ms) {
      offset += ms;
      keep();
    },
  };
}

export interface SceneOptions {
  readonly random: Random;
  readonly stacks: number;
  readonly say: (text: string) => void;
}

export function openScene(t: Ending, { random, stacks, say }: SceneOptions): Scene {
  const first = firstEstate(random, stacks);
  const stage = makeStage(t, {
    files: ({ sandbox }) => ({ ...groundFiles(first, sandbox), ...estateFiles(first) }),
  });
  // What the stage started ends before its disk goes.
  const disk = smallDisk(t, DISK);
  if (disk === undefined) say("this user cannot mount: the disk is never filled");
  const data = disk ?? stage.data;
  const file = path.join(stage.base, "clock");
  const clock = createClock(file);
  const env = { HOLDFAST_DATA: data, HOLDFAST_TEST_CLOCK: file };
  return {
    stage,
    data,
    smallDisk: disk !== undefined,
    daemon: createDaemonLife(stage, { env }),
    clock,
    first,
    say,
  };
}

/** Child processes, by proc(5); of the main thread only, or of all threads: each has its own list. */
export function childrenOf(pid: number, threads: "main" | "all" = "all"): number[] {
  try {
    const tasks = threads === "main" ? [String(pid)] : readdirSync(`/proc/${pid}/task`);
    return tasks.flatMap(task => {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
      return text === "" ? [] : text.split(" ").map(Number);
    });
  } catch {
    return []; // gone while we looked
  }
}
