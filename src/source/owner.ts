/** Names a process so that it can be told from a later one with the same pid. */
import { readFileSync } from "node:fs";

/** `<pid>-<start time>`: clock ticks since boot, field 22 of /proc/PID/stat; 0 where there is no /proc. */
export function ownerOf(pid: number): string {
  return `${pid}-${startTime(pid) ?? "0"}`;
}

export const OWN: string = ownerOf(process.pid);

/** Whether the process that wrote this name still runs. */
export function isAlive(owner: string): boolean {
  const match = /^(\d+)-(\d+)$/.exec(owner);
  if (!match) return false;
  const pid = Number(match[1]);
  if (pid === process.pid) return owner === OWN;
  return exists(pid) && (match[2] === "0" || startTime(pid) === match[2]);
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name stands in parentheses and may hold anything; fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie is dead: it holds nothing any more.
    return fields[0] === "Z" ? undefined : fields[19];
  } catch (error) {
    if (isErrno(error) && ["ENOENT", "ESRCH"].includes(error.code ?? "")) return undefined;
    throw error;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (isErrno(error)) return error.code === "EPERM";
    throw error;
  }
}

export const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && typeof error.code === "string";
