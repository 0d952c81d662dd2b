/**
 * Processes by what Linux knows of them (/proc/PID/stat, proc(5)). A child that was started `detached` leads a
 * session of its own. Whatever it starts stays in that session even when it makes process groups of its own, as the
 * Pulumi CLI does with each plugin: a signal to the CLI's group alone leaves the plugins alive.
 */
import { readdirSync, readFileSync } from "node:fs";
import { signalProcess } from "./signal.ts";

interface ProcessStat {
  readonly pid: number;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
}

/** Undefined where there is no such process (any more), or no /proc. */
function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The name, field 2, is in parentheses and may hold any character, also spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid, session: Number(fields[3]), startTime: fields[19] ?? "" };
}

/** When a process started: clock ticks since boot, field 22 of its stat. A pid that is used again has another. */
export function processStartTime(pid: number): string | undefined {
  return processStat(pid)?.startTime;
}

/** All processes of a session that are alive now. */
export function sessionMembers(session: number): readonly number[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return []; // no /proc on this system: the process group is all that can be reached
  }
  return names
    .filter(name => /^\d+$/.test(name))
    .map(name => processStat(Number(name)))
    .filter(stat => stat?.session === session)
    .map(stat => stat?.pid ?? 0);
}

/** Signals the group of a session's leader and every process of the session; those that are gone are fine. */
export function endSession(leader: number, signal: NodeJS.Signals): void {
  const members = sessionMembers(leader);
  signalProcess(-leader, signal);
  for (const pid of members) signalProcess(pid, signal);
}

/**
 * Ends what an earlier life of ours started, after a crash: only if `pid` still is the process that started at
 * `startTime`. Answers false where it is gone, or the pid belongs to somebody else now.
 */
export function endGroup(pid: number, startTime: string, signal: NodeJS.Signals = "SIGKILL"): boolean {
  if (processStartTime(pid) !== startTime) return false;
  endSession(pid, signal);
  return true;
}
