/** A box: what one process sees and may do, as a command that starts it (box.sh). */
import { randomBytes } from "node:crypto";
import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Groups } from "./cgroup.ts";
import { rlimitsOf, type Limits } from "./limits.ts";
import { watchMemory, type MemoryWatch } from "./memory-watch.ts";
import { INSIDE, mountsOf, rootLinks } from "./mounts.ts";
import type { Excerpt, Skeleton } from "./skeleton.ts";

/** Exit code of box.sh where the box could not be made. */
export const EXIT_NO_BOX = 97;
/** Descriptor on which box.sh is told of more folders to show. */
export const SHOW_FD = 4;

/** Who a box's process is. */
export type Inhabitant = "program" | "install";

export interface BoxNeeds {
  readonly as: Inhabitant;
  /** Absolute, without newlines; shown read-only. */
  readonly readable: readonly string[];
  /** Absolute; given to the box's user. */
  readonly writable?: readonly string[];
  readonly cwd: string;
  /** Whether folders will be shown later, over `SHOW_FD`. */
  readonly shows: boolean;
}

export interface Box {
  /** What to spawn for `command` to run in the box. Its exit code is the command's, 128 + N where signal N ended it. */
  wrap(
    command: string,
    args: readonly string[],
  ): { readonly command: string; readonly args: readonly string[] };
  /** Of the command, besides its own. */
  readonly env: Readonly<Record<string, string>>;
  /** On the outside; the box sees it at `inside` and cannot write there. */
  readonly outside: string;
  readonly inside: string;
  /** To be called when the box's first process is there and works for somebody. */
  watch(pid: number): void;
  /** Which limit its processes came to; of processes only a control group tells. */
  reached(): keyof Limits | undefined;
  /** When the process is gone. */
  remove(): void;
}

/** Found once for all boxes. */
export interface BoxKit {
  /** Folder of ours alone. */
  readonly folder: string;
  readonly skeleton: Skeleton;
  readonly excerpt: Excerpt;
  /** The data folder, which no box sees. */
  readonly data: string;
  /** Absolute path of unshare(1). */
  readonly unshare: string;
  /** Where holdfast is root: the user ids; else a user namespace stands for them. */
  readonly uids?: Readonly<Record<Inhabitant, number>>;
  /** Shown to every box. */
  readonly readable: readonly string[];
  readonly limits: Limits;
  /** Undefined: the kernel counts processes only, and memory is looked at now and then. */
  readonly groups: Groups | undefined;
  /** Whether the program's user can have a user namespace, so that the kernel counts each box's processes apart. */
  readonly apart: boolean;
}

const NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"];
const NO_RIGHTS = "--no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all";

function namespaces({ uids }: BoxKit): readonly string[] {
  return uids ? NAMESPACES : ["--user", "--map-root-user", ...NAMESPACES];
}

/** For setpriv(1). In a user namespace of its own the program keeps the only id there is, without its rights. */
function rights({ uids }: BoxKit, as: Inhabitant): string {
  if (!uids) return `${NO_RIGHTS} --securebits=+noroot,+noroot_locked`;
  return `--reuid ${uids[as]} --regid ${uids[as]} --clear-groups ${NO_RIGHTS}`;
}

/** The command in front of the program's, words between blanks. */
function limiter({ limits, apart }: BoxKit, as: Inhabitant): string {
  const own = ["prlimit", ...rlimitsOf(limits, as), "--"];
  // The limit counts from the namespace on: given before, it would count the processes of all boxes.
  return [...(apart ? ["unshare", "--user", "--map-current-user", "--"] : []), ...own].join(" ");
}

/** The first words of a command that goes into its group. */
const entering = (procs: string): readonly string[] => ["sh", "-c", 'echo $$ > "$0" && exec "$@"', procs];

/** With all that we put there. What a box's user made itself is its own already, and may be large. */
function give({ uids }: BoxKit, folder: string, as: Inhabitant): void {
  if (!uids || lstatSync(folder).uid === uids[as]) return;
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of ["", ...inside]) lchownSync(path.join(folder, name), uids[as], uids[as]);
}

/** The folder of a box: sockets that programs may reach. What leads to it is closed to everybody else. */
function makeFolder(kit: BoxKit): string {
  const folder = path.join(kit.folder, randomBytes(5).toString("hex"));
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  return folder;
}

export function makeBox(kit: BoxKit, needs: BoxNeeds): Box {
  const root = path.join(kit.folder, "root");
  const outside = makeFolder(kit);
  const { writable = [] } = needs;
  for (const folder of writable) give(kit, folder, needs.as);
  const mounts = `${outside}.mounts`;
  const group = kit.groups?.make(path.basename(outside), kit.limits);
  let memory: MemoryWatch | undefined;
  writeFileSync(
    mounts,
    mountsOf({
      root,
      skeleton: kit.skeleton,
      excerpt: kit.excerpt,
      data: kit.data,
      own: outside,
      common: kit.readable,
      readable: needs.readable,
      writable,
    }),
  );
  const scripts = [
    path.join(import.meta.dirname, "box.sh"),
    path.join(import.meta.dirname, "box-inner.sh"),
  ] as const;
  return {
    wrap(command, args) {
      const words = [
        ...(group ? entering(group.procs) : []),
        kit.unshare,
        ...namespaces(kit),
        "--",
        "sh",
        scripts[0],
        root,
        mounts,
        rootLinks(),
        needs.shows ? "control" : "",
        scripts[1],
        needs.cwd,
        rights(kit, needs.as),
        limiter(kit, needs.as),
        command,
        ...args,
      ];
      return { command: words[0] ?? "", args: words.slice(1) };
    },
    env: { HOME: "/tmp", USER: "program", TMPDIR: "/tmp" },
    outside,
    inside: INSIDE,
    watch(pid) {
      // A group does it by itself.
      if (!group) memory ??= watchMemory(pid, kit.limits.memory);
    },
    reached: () => group?.reached() ?? (memory?.over() ? "memory" : undefined),
    remove() {
      memory?.stop();
      group?.remove();
      rmSync(outside, { recursive: true, force: true });
      rmSync(mounts, { force: true });
    },
  };
}
