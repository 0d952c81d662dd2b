/** How the kernel shares the cores among our processes. */
import { spawnSync } from "node:child_process";

/** It takes 2 ms; nobody waits longer for something that is only quicker. */
const PATIENCE_MS = 1_000;

/**
 * Asks the kernel to take this process, and all that it starts from now on, for work in batches: who wakes up does not
 * push another off its core at once (SCHED_BATCH, sched(7)). A run is five processes that call each other thousands of
 * times on few cores: with it a commit of 200 files takes a tenth less. Needs no privileges. Where util-linux's `chrt`
 * is missing, or a container forbids it, all stays as it was: slower, and nothing else.
 */
export function workInBatches(): void {
  spawnSync("chrt", ["--all-tasks", "--batch", "--pid", "0", String(process.pid)], {
    stdio: "ignore",
    timeout: PATIENCE_MS,
  });
}
