/**
 * A control group (version 2, cgroups(7)) for each box, below our own: where that is delegated to us, as a systemd unit
 * with `Delegate=yes` has it, and holds nobody but us.
 */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { descendantsOf } from "../descendants.ts";
import { systemFile } from "../system-file.ts";
import type { Limits } from "./limits.ts";

export interface BoxGroup {
  /** A process that writes its pid here is in the group with all that it starts. */
  readonly procs: string;
  /** Which limit was reached since the group was made. */
  reached(): keyof Limits | undefined;
  /** When its processes are gone. */
  remove(): void;
}

export interface Groups {
  make(name: string, limits: Limits): BoxGroup;
}

const CONTROLLERS = ["memory", "pids"];
/** Beside the daemon's 100: what a program does may wait for it. */
const CPU_WEIGHT = "50";
/** Our own processes; a group with others below it may not have any itself. */
const OURS = "daemon";
const BOX = "box-";

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

/** Folder of our own group; undefined where there is no such tree. Of the texts of /proc/self/mountinfo and /proc/self/cgroup. */
export function ownGroup(mountinfo: string, cgroup: string): string | undefined {
  const mount = mountinfo
    .split("\n")
    .find(line => / - cgroup2 /.test(line))
    ?.split(" ");
  const own = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  const [root, at] = [mount?.[3], mount?.[4]];
  if (root === undefined || at === undefined || own === undefined) return undefined;
  // In a container the tree is shown from some group on.
  const below = root === "/" ? own : own.startsWith(root) ? own.slice(root.length) : undefined;
  return below === undefined || below.includes("/..") ? undefined : path.join(at, below);
}

/** `max 3` or `oom_kill 1`, of a file of events. */
const happened = (file: string, name: string): boolean =>
  Number(new RegExp(`^${name} (\\d+)$`, "m").exec(systemFile(file))?.[1] ?? 0) > 0;

function makeGroup(folder: string, { memory, processes }: Limits): BoxGroup {
  const at = (name: string): string => path.join(folder, name);
  mkdirSync(folder);
  writeFileSync(at("memory.max"), String(memory));
  writeFileSync(at("pids.max"), String(processes));
  for (const [name, value] of [
    ["memory.swap.max", "0"],
    ["memory.oom.group", "1"],
    ["cpu.weight", CPU_WEIGHT],
  ] as const)
    if (systemFile(at(name)) !== "") writeFileSync(at(name), value);
  return {
    procs: at("cgroup.procs"),
    reached: () => {
      if (happened(at("memory.events"), "oom_kill")) return "memory";
      return happened(at("pids.events"), "max") ? "processes" : undefined;
    },
    remove: () => removeGroup(folder),
  };
}

/** One whose last process is not quite gone stays; the next start removes it. */
function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}

/** Moves us one group down and hands the controllers to the groups below; false where others are in our group. */
function settle(own: string): boolean {
  const subtree = path.join(own, "cgroup.subtree_control");
  const given = wordsOf(systemFile(subtree));
  if (CONTROLLERS.every(name => given.includes(name))) return true;
  const offered = wordsOf(systemFile(path.join(own, "cgroup.controllers")));
  if (!CONTROLLERS.every(name => offered.includes(name))) return false;
  const mine = new Set([process.pid, ...descendantsOf(process.pid).map(({ pid }) => pid)]);
  const here = wordsOf(systemFile(path.join(own, "cgroup.procs"))).map(Number);
  if (here.length === 0 || !here.every(pid => mine.has(pid))) return false;
  mkdirSync(path.join(own, OURS), { recursive: true });
  for (const pid of here) writeFileSync(path.join(own, OURS, "cgroup.procs"), String(pid));
  const wanted = [...CONTROLLERS, "cpu"].filter(name => offered.includes(name));
  writeFileSync(subtree, wanted.map(name => `+${name}`).join(" "));
  return true;
}

/** Undefined where groups cannot be had. `own`: the folder of our own group, or the one above it where we settled before. */
export function openGroups(own: string): Groups | undefined {
  const base = path.basename(own) === OURS ? path.dirname(own) : own;
  try {
    if (!settle(base)) return undefined;
    for (const name of readdirSync(base)) if (name.startsWith(BOX)) removeGroup(path.join(base, name));
  } catch {
    return undefined; // read-only, or not ours: the usual case without a unit of our own
  }
  return { make: (name, limits) => makeGroup(path.join(base, `${BOX}${name}`), limits) };
}

export function findGroups(): Groups | undefined {
  const own = ownGroup(systemFile("/proc/self/mountinfo"), systemFile("/proc/self/cgroup"));
  return own === undefined ? undefined : openGroups(own);
}
