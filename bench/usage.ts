/** What processes use, from /proc: memory and CPU time. */
import { readFileSync } from "node:fs";

/** Clock ticks of a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // gone, or no Linux
  }
};

/**
 * Memory of a process as its share of the machine's (Pss in /proc/PID/smaps_rollup): pages that several processes use,
 * 50 MB of Node's own code in each of ours, count once in the sum. Undefined where it cannot be read.
 */
export function proportionalMegabytes(pid: number | undefined): number | undefined {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
}

/** The most that the process ever held (VmHWM), pages that it shares with others included. */
export function peakMegabytes(pid: number | undefined): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
}

/** Seconds of a core that the process has used, with its ended children where `children`. */
export function cpuSeconds(pid: number | undefined, children = false): number {
  // The second field is a name in brackets, which may hold anything.
  const fields = (read(`/proc/${pid}/stat`) ?? "").replace(/^.*\) /s, "").split(" ");
  // utime, stime, cutime and cstime are fields 14 to 17 of proc(5); the first of ours is field 3.
  const ticks = fields.slice(11, children ? 15 : 13).map(Number);
  return ticks.reduce((sum, n) => sum + n, 0) / TICKS;
}

/** Its command line; "" where it is gone. */
export const commandOf = (pid: number): string =>
  (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
