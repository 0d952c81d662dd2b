/** What the processes of a box may take of the machine together, as far as the kernel can be made to hold it. */
import os from "node:os";
import { systemFile } from "../system-file.ts";
import type { Inhabitant } from "./box.ts";

export interface Limits {
  /** Bytes. */
  readonly memory: number;
  /** Processes and threads. */
  readonly processes: number;
}

/** Twice what the largest programs that we know take. */
const MOST_MEMORY = 4e9;
/** Node has 11 threads, the transpiler as many as there are cores; an install's tools start a few dozen. */
const PROCESSES = 512;
/** What one file may have: a program's go to memory anyway, but for compiled code; packages have files of this size. */
const FILE_SIZE: Readonly<Record<Inhabitant, number>> = { program: 1e9, install: 4e9 };

export const defaultLimits = (): Limits => ({
  memory: Math.min(MOST_MEMORY, Math.floor(os.totalmem() / 2)),
  processes: PROCESSES,
});

/** Limits of our own can only be lowered: names as in /proc/self/limits, proc(5). */
function ownLimit(limits: string, name: string): number {
  const line = limits.split("\n").find(text => text.startsWith(name)) ?? "";
  const [, hard = ""] = line.slice(name.length).trim().split(/\s+/);
  return /^\d+$/.test(hard) ? Number(hard) : Number.POSITIVE_INFINITY;
}

/** Options of prlimit(1). The kernel counts processes by user and user namespace. Memory is not among them: memory-watch.ts. */
export function rlimitsOf(
  { processes }: Limits,
  as: Inhabitant,
  own = systemFile("/proc/self/limits"),
): readonly string[] {
  const option = (name: string, wanted: number, ours: string): string => {
    const value = Math.min(wanted, ownLimit(own, ours));
    return `--${name}=${value}:${value}`;
  };
  return [
    "--core=0:0",
    option("fsize", FILE_SIZE[as], "Max file size"),
    option("nproc", processes, "Max processes"),
  ];
}
