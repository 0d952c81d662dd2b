/** Stacks that Git forgot, and the end of those that were destroyed. */
import { asDeployed } from "./as-deployed.ts";
import type { Board } from "./board.ts";
import { elsewhereKey } from "./candidates.ts";
import type { Head } from "./head.ts";
import type { Parts } from "./parts.ts";
import type { RunRecord, StackStatus } from "./ports/records.ts";
import type { Run } from "./run.ts";
import { isGone } from "./stalled.ts";

/** One that is held or failed rests: until its time has come, or as long as between two looks at its reality. */
function rests({ failure, retryAt, ranAt }: StackStatus, every: number, now: number): boolean {
  if (!failure) return false;
  return now < (retryAt ?? (ranAt ?? 0) + every);
}

/** Asks for a destroy of each stack that is gone from Git and that may be pruned; its gates apply. Answers the runs to come. */
export async function askPrunes(parts: Parts): Promise<readonly Promise<RunRecord>[]> {
  const now = parts.world.clock.now();
  const wanted = parts.head.current();
  if (!wanted) return [];
  const names = new Set(wanted.estate.stacks.map(({ name }) => name));
  const asked: Promise<RunRecord>[] = [];
  for (const status of parts.board.statuses()) {
    const { stack, deployed } = status;
    if (names.has(stack) || !deployed || parts.board.pause(stack) || parts.requests.has(stack)) continue;
    if (!isGone(wanted.estate, stack)) continue;
    const found = await asDeployed(parts, stack);
    if (!found) continue;
    parts.elsewhere.set(elsewhereKey(stack), found);
    const { prune, drift } = found.definition.settings;
    if (prune && !rests(status, drift.every, now))
      asked.push(parts.requests.add({ stack, mode: "destroy", trigger: "commit" }, now));
  }
  return asked;
}

/** A stack that is gone before anything was made of it has nothing that stays: it would be orphaned for ever. */
export async function forgetUnmade({ world, head, board, loop, requests }: Parts): Promise<void> {
  const wanted = head.current();
  if (!wanted) return;
  const busy = new Set(loop.running().map(({ stack }) => stack.name));
  for (const { stack, deployed } of board.statuses()) {
    if (deployed || busy.has(stack) || requests.has(stack) || !isGone(wanted.estate, stack)) continue;
    if ((await world.state.version(stack)) > 0 || (await world.state.pending(stack)).length > 0) continue;
    await world.records.forget(stack);
    board.forget(stack);
  }
}

export interface ForgetWorld {
  readonly world: Pick<Parts["world"], "state" | "records" | "clock" | "emit">;
  readonly board: Board;
  readonly head: Head;
}

/**
 * Nothing of the stack is left: neither are its state and what people said of it. One that is still in Git is paused,
 * or it would be made again at once.
 */
export async function forgetStack(parts: ForgetWorld, run: Run): Promise<void> {
  const { world, board, head } = parts;
  const stack = run.stack.name;
  const removed = await world.state.removeStack(stack);
  if (!removed.ok) {
    const text = `${stack} is destroyed, but its state could not be removed: ${JSON.stringify(removed.failure)}`;
    world.emit({ type: "message", level: "error", text, at: world.clock.now() });
    return;
  }
  await world.records.forget(stack);
  await world.records.setSetting(`managed:${stack}`, "");
  board.forget(stack);
  board.setPause(stack, undefined);
  const wanted = head.current();
  if (!wanted || isGone(wanted.estate, stack)) return;
  const pause = {
    stack,
    why: "its resources were destroyed; resume makes them again",
    by: run.by ?? "holdfast",
    at: world.clock.now(),
  };
  await world.records.pause(pause);
  board.setPause(stack, pause);
}
