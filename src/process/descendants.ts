/** All that a process started, as long as it lives: afterwards nobody can tell any more (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

export interface KnownProcess {
  readonly pid: number;
  /** Clock ticks since boot: a pid that is used again has another. */
  readonly startTime: string;
  /** As it was started, for messages; "" where nobody can tell. */
  readonly command?: string;
}

interface Stat extends KnownProcess {
  readonly parent: number;
  /** Ended, and nobody has asked for its exit code yet. */
  readonly zombie: boolean;
}

function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined; // gone, or no /proc on this system
  }
  // The name, field 2, is in parentheses and may hold any character.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid, parent: Number(fields[1]), startTime: fields[19] ?? "", zombie: fields[0] === "Z" };
}

function everything(): readonly Stat[] {
  const names = readdirSync("/proc").filter(name => /^\d+$/.test(name));
  return names.flatMap(name => statOf(Number(name)) ?? []);
}

/** Children, their children and so on; without `root` itself. Empty where there is no /proc. */
export function descendantsOf(root: number): readonly KnownProcess[] {
  let all: readonly Stat[];
  try {
    all = everything();
  } catch {
    return [];
  }
  const found: Stat[] = [];
  const below = (pid: number): void => {
    for (const child of all.filter(({ parent }) => parent === pid)) {
      found.push(child);
      below(child.pid);
    }
  };
  below(root);
  return found.map(({ pid, startTime }) => ({ pid, startTime, command: commandOf(pid) }));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** Whether it is that process still, and running. */
export function isRunning({ pid, startTime }: KnownProcess): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.startTime === startTime && !stat.zombie;
}
