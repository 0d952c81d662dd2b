/**
 * Memory of a box without a control group: looked at four times a second, all its processes together. (RLIMIT_DATA is no
 * way: V8 sets 512 MiB of it aside in each thread that runs JavaScript.)
 */
import { readdirSync } from "node:fs";
import { systemFile } from "../system-file.ts";
import { killGroup } from "../signal.ts";

/** What a program can take between two looks is its own 1 GB or so; a look at Node and its threads takes half a millisecond. */
const EVERY_MS = 250;

export interface MemoryWatch {
  /** Whether it was ended for its memory. */
  over(): boolean;
  stop(): void;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
}

/** A child is listed with the thread that made it. */
const childrenOf = (pid: number): readonly number[] =>
  threadsOf(pid)
    .flatMap(thread => systemFile(`/proc/${pid}/task/${thread}/children`).split(" "))
    .filter(Boolean)
    .map(Number);

/** Bytes that nobody else has: anonymous memory, proc(5). Orphans of a box are children of its first process. */
export function memoryBelow(pid: number): number {
  const own = Number(/^RssAnon:\s+(\d+) kB$/m.exec(systemFile(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
  return childrenOf(pid).reduce((sum, child) => sum + memoryBelow(child), own);
}

/** Ends the process group of `pid` when all below it take more than `bytes`. */
export function watchMemory(pid: number, bytes: number): MemoryWatch {
  let over = false;
  const timer = setInterval(() => {
    if (memoryBelow(pid) <= bytes) return;
    over = true;
    clearInterval(timer);
    killGroup(pid, "SIGKILL");
  }, EVERY_MS).unref();
  return { over: () => over, stop: () => clearInterval(timer) };
}
