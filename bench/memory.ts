/**
 * Memory of a process as its share of the machine's (Pss in /proc/PID/smaps_rollup): pages that several processes use,
 * 50 MB of Node's own code in each of ours, count once in the sum. Undefined where it cannot be read.
 */
import { readFileSync } from "node:fs";

export function proportionalMegabytes(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
