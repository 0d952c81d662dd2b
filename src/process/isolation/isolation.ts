/**
 * Whether programs can be shut into boxes on this machine, found out by making one. It is decided once, before any
 * program runs: a program that could make its box fail must not get out of it that way.
 */
import { mkdirSync, realpathSync } from "node:fs";
import path from "node:path";
import { findProgram } from "../find-program.ts";
import { systemFile } from "../system-file.ts";
import { run } from "../run.ts";
import { EXIT_NO_BOX, makeBox, type Box, type BoxKit, type BoxNeeds } from "./box.ts";
import { findGroups } from "./cgroup.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { makeSkeleton, type Excerpt } from "./skeleton.ts";
import { chooseUid, DEFAULT_UID } from "./uids.ts";

/** How programs are kept apart. */
export type Hold = "user" | "namespace" | "none";

export interface Isolation {
  /** `user`: a user of their own, in namespaces. `namespace`: namespaces, as an unprivileged self. */
  readonly hold: Exclude<Hold, "none">;
  /** What the processes of one box may take. */
  readonly limits: Limits;
  /** Whether the kernel holds them to it, by a control group for each box. */
  readonly grouped: boolean;
  box(needs: BoxNeeds): Box;
}

export type FoundIsolation =
  | { readonly hold: Exclude<Hold, "none">; readonly isolation: Isolation; readonly uid?: number }
  | { readonly hold: "none"; readonly why: string };

export interface IsolationOptions {
  /** Absolute; no box shows it. */
  readonly data: string;
  /** Absolute, for short-lived files; closed to other users. */
  readonly folder: string;
  /** Shown by every box. */
  readonly excerpt: Excerpt;
  /** Absolute folders that every box shows besides. */
  readonly readable: readonly string[];
  /** Files that the boxes' user must be able to read. */
  readonly proofs: readonly string[];
  readonly path: string;
  /** First of two user ids; default: `DEFAULT_UID`. */
  readonly uid?: number;
  /** Default: as `defaultLimits` says. */
  readonly limits?: Partial<Limits>;
}

/** 15 s: it takes a twentieth of one; a machine under great load may need more than a second or two. */
const PROBE_DEADLINE_MS = 15_000;

const SYSTEM_FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

const findTool = (name: string, search: string): string | undefined =>
  findProgram(name, [search, ...SYSTEM_FOLDERS].join(path.delimiter));

const none = (why: string): FoundIsolation => ({ hold: "none", why });

/** Node itself may be anywhere: its folder is shown too. */
function nodeFolder(): string {
  const real = realpathSync(process.execPath);
  return path.basename(path.dirname(real)) === "bin" ? path.dirname(path.dirname(real)) : path.dirname(real);
}

const isSystem = (folder: string): boolean =>
  folder === "/usr" || folder.startsWith("/usr/") || folder === "/";

/** The same path to Node as ours, where that is a link. */
function nodePaths(): readonly string[] {
  const folders = [nodeFolder(), path.dirname(process.execPath)];
  const shown = folders.filter(folder => !isSystem(folder) && folder !== "/bin");
  return shown.filter((folder, at) => at === 0 || !folder.startsWith(`${shown[0] ?? ""}${path.sep}`));
}

/** A user namespace for the program's user inside its box. Where the system forbids it, all boxes share a count. */
async function canBeApart(uid: number | undefined, unshare: string, search: string): Promise<boolean> {
  // Without root each box is a user namespace already.
  if (uid === undefined) return false;
  const who = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs"];
  const trial = [...who, unshare, "--user", "--map-current-user", "true"];
  const env = { PATH: [search, ...SYSTEM_FOLDERS].join(path.delimiter) };
  return (await run("setpriv", trial, { env, deadlineMs: PROBE_DEADLINE_MS })).code === 0;
}

async function kitOf(options: IsolationOptions, unshare: string): Promise<BoxKit | string> {
  const root = process.getuid?.() === 0;
  const uid = root
    ? chooseUid(options.uid ?? DEFAULT_UID, systemFile("/proc/self/uid_map"), systemFile("/etc/passwd"))
    : undefined;
  if (root && uid === undefined)
    return "this system has no user id left for programs; name one with isolationUid";
  mkdirSync(path.join(options.folder, "root"), { recursive: true, mode: 0o700 });
  return {
    folder: options.folder,
    skeleton: makeSkeleton(options.folder, uid ?? 0, options.excerpt),
    excerpt: options.excerpt,
    data: options.data,
    unshare,
    ...(uid === undefined ? {} : { uids: { program: uid, install: uid + 1 } }),
    readable: [...nodePaths(), ...options.readable],
    limits: { ...defaultLimits(), ...options.limits },
    groups: findGroups(),
    apart: await canBeApart(uid, unshare, options.path),
  };
}

/** In the box: holdfast's own files can be read, Node starts, and the data folder is not to be seen. */
const PROOF =
  'data=$1; node=$2; shift 2; for file do test -r "$file" || { echo "$file"; exit 1; }; done; test -z "$(ls -A "$data")" && exec "$node" --version';

async function prove(kit: BoxKit, options: IsolationOptions): Promise<string | undefined> {
  const box = makeBox(kit, { as: "program", readable: [], cwd: "/tmp", shows: false });
  const { command, args } = box.wrap("sh", [
    "-c",
    PROOF,
    "proof",
    options.data,
    process.execPath,
    ...options.proofs,
  ]);
  const done = await run(command, args, {
    env: { PATH: options.path, ...box.env },
    deadlineMs: PROBE_DEADLINE_MS,
  });
  box.remove();
  if (done.code === 0) return undefined;
  const said = done.stderr.toString().trim().split("\n")[0] ?? "";
  if (done.startError) return `unshare cannot be started: ${done.startError.message}`;
  if (done.timedOut) return "a box was not made in time";
  if (done.code === EXIT_NO_BOX || said !== "") return said === "" ? "namespaces cannot be made here" : said;
  const unread = done.stdout.toString().trim();
  return unread === ""
    ? "the data folder can be seen in a box"
    : `the user of programs cannot read ${unread}`;
}

/** Groups are tried with the box: what is wrong with them must not take the box away. */
async function provenKit(kit: BoxKit, options: IsolationOptions): Promise<BoxKit | { readonly why: string }> {
  if (kit.groups && (await prove(kit, options).catch(() => "refused")) === undefined) return kit;
  const plain: BoxKit = { ...kit, groups: undefined };
  const why = await prove(plain, options);
  return why === undefined ? plain : { why };
}

/** Never rejects for what the machine lacks: that is the answer. */
export async function findIsolation(options: IsolationOptions): Promise<FoundIsolation> {
  if (process.platform !== "linux") return none("programs can be isolated on Linux only");
  const missing = ["unshare", "setpriv", "prlimit", "mount", "pivot_root"].find(
    tool => !findTool(tool, options.path),
  );
  const unshare = findTool("unshare", options.path);
  if (missing !== undefined || unshare === undefined)
    return none(`${missing ?? "unshare"} is not there (util-linux)`);
  const paths = [options.data, options.folder, ...options.readable];
  if (paths.some(file => file.includes("\n"))) return none("a folder's name has a line break in it");
  const kit = await kitOf(options, unshare);
  if (typeof kit === "string") return none(kit);
  const proven = await provenKit(kit, options);
  if ("why" in proven) return none(proven.why);
  const hold = kit.uids ? "user" : "namespace";
  const { limits, groups } = proven;
  const box: Isolation["box"] = needs => makeBox(proven, needs);
  const isolation: Isolation = { hold, limits, grouped: groups !== undefined, box };
  return { hold, isolation, ...(kit.uids ? { uid: kit.uids.program } : {}) };
}
