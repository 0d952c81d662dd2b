/**
 * The bare mirror of one branch of one repository. Only `fetch` writes to it, one process at a time; whatever a killed
 * process left in it is repaired by the next fetch, in the worst case by fetching everything anew.
 */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import path from "node:path";
import type { RunResult } from "../process/run.ts";
import type { Address } from "./address.ts";
import { lockFolder, type HeldLock } from "./folder-lock.ts";
import { createGit, ended, type Git } from "./git.ts";
import { localEnvironment, remoteEnvironment, type RemoteAccess } from "./git-environment.ts";
import { fetchFailure } from "./git-failure.ts";
import { removeLeftovers } from "./mirror-leftovers.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { isErrno } from "./owner.ts";
import { safeDirectories } from "./safe-directories.ts";
import { cleanLine } from "./untrusted-text.ts";

export interface MirrorOptions {
  /** Absolute folder of the mirror; its parent holds the lock beside it. */
  readonly folder: string;
  readonly address: Address;
  readonly branch: string;
  readonly access: RemoteAccess;
  readonly deadlineMs: number;
  readonly log: (text: string) => void;
}

export interface Mirror {
  readonly folder: string;
  /** Calls on the mirror that read; no protocol is allowed in them. */
  readonly git: Git;
  fetch(signal: AbortSignal): Promise<Result<void>>;
  /** Packs objects where many have come together; about 3 ms where not. */
  keepHouse(signal: AbortSignal): Promise<Result<void>>;
  /** Objects are missing or damaged: the next fetch makes the mirror anew. */
  distrust(): void;
  /** How often it was made anew: commits of before may be gone. */
  generation(): number;
}

/** Loose objects from which git packs them; nothing is ever pruned, a deployed commit may be on no branch any more. */
const HOUSEKEEPING = [
  ...["-c", "gc.auto=2000", "-c", "gc.autoDetach=false", "-c", "gc.pruneExpire=never"],
  ...["gc", "--auto", "--quiet"],
];

/** The remote, not the mirror, is at fault: making the mirror anew would not help. */
const REMOTE_AT_FAULT =
  /Could not read from remote|unable to access|could not read (Username|Password)|Authentication failed|repository .* not found|early EOF|disconnect|hung up|RPC failed|Connection|timed out/i;
const OTHER_OBJECT_FORMAT = /mismatched algorithms: client \w+; server (sha1|sha256)/;

type Format = "sha1" | "sha256";

export function createMirror(options: MirrorOptions): Mirror {
  const { folder, deadlineMs } = options;
  const git = createGit(localEnvironment(folder), deadlineMs);
  let distrusted = false;
  let generation = 0;

  async function rebuild(lock: HeldLock, signal: AbortSignal, format: Format): Promise<Result<void>> {
    const fresh = `${folder}.new`;
    const made = await initialise(fresh, format, deadlineMs);
    if (made.code !== 0) return failed(options, made);
    const result = await fetchBranch(options, fresh, lock, signal);
    const other = otherFormat(result);
    if (other !== undefined && other !== format) return rebuild(lock, signal, other);
    if (result.code !== 0) return failed(options, result);
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
    distrusted = false;
    generation++;
    return ok(undefined);
  }

  async function repaired(first: RunResult, lock: HeldLock, signal: AbortSignal): Promise<Result<void>> {
    const failure = failed(options, first);
    const mayHelp = ended(first) && !failure.ok && failure.failure.reason === "fetch-failed";
    const removed = await removeLeftovers(folder);
    if (!mayHelp || signal.aborted) return failure;
    if (removed.length > 0) {
      options.log(`removed what a killed git left in the mirror: ${cleanLine(removed.join(", "))}`);
      const second = await fetchBranch(options, folder, lock, signal);
      if (second.code === 0) return ok(undefined);
    }
    const words = first.stderr.toString();
    const format = otherFormat(first);
    if (REMOTE_AT_FAULT.test(words)) return failure;
    if (format === undefined)
      options.log(`the mirror cannot be brought up to date and is made anew: ${cleanLine(words)}`);
    return rebuild(lock, signal, format ?? "sha1");
  }

  async function underLock(lock: HeldLock, signal: AbortSignal): Promise<Result<void>> {
    if (lock.takenOver) await removeLeftovers(folder);
    if (distrusted) return rebuild(lock, signal, "sha1");
    if (!existsSync(folder)) {
      const made = await initialise(`${folder}.new`, "sha1", deadlineMs);
      if (made.code !== 0) return failed(options, made);
      await rename(`${folder}.new`, folder);
    }
    const result = await fetchBranch(options, folder, lock, signal);
    return result.code === 0 ? ok(undefined) : repaired(result, lock, signal);
  }

  const inOrder = oneAtATime();

  return {
    folder,
    git,
    distrust: () => void (distrusted = true),
    generation: () => generation,
    fetch: signal => inOrder(() => locked(options, signal, lock => underLock(lock, signal))),
    keepHouse: signal => inOrder(() => locked(options, signal, lock => keepHouse(git, options, lock))),
  };
}

/** Runs `work` while no other process writes to the mirror. */
async function locked(
  { folder, address, deadlineMs }: MirrorOptions,
  signal: AbortSignal,
  work: (lock: HeldLock) => Promise<Result<void>>,
): Promise<Result<void>> {
  let lock: HeldLock | undefined;
  try {
    await mkdir(path.dirname(folder), { recursive: true, mode: 0o711 });
    const patience = AbortSignal.timeout(deadlineMs);
    lock = await lockFolder(`${folder}.lock`, AbortSignal.any([signal, patience]));
    return lock ? await work(lock) : fail(lockFailure(signal, address.remote, deadlineMs));
  } catch (error) {
    if (!isErrno(error)) throw error;
    return fail({ kind: "transient", reason: "disk", why: cleanLine(error.message) });
  } finally {
    await lock?.release();
  }
}

/** The object format that the remote has, where it is another than the mirror's. */
function otherFormat(result: RunResult): Format | undefined {
  const found = OTHER_OBJECT_FORMAT.exec(result.stderr.toString())?.[1];
  return found === "sha1" || found === "sha256" ? found : undefined;
}

async function keepHouse(git: Git, { log }: MirrorOptions, lock: HeldLock): Promise<Result<void>> {
  const result = await git(HOUSEKEEPING, { onStart: pid => lock.addChild(pid) });
  if (result.code !== 0) log(`git gc failed: ${cleanLine(result.stderr.toString())}`);
  return ok(undefined);
}

/** One fetch of the branch into the repository at `gitDir`: about 6 ms of process cost where nothing is new. */
async function fetchBranch(
  options: MirrorOptions,
  gitDir: string,
  lock: HeldLock,
  signal: AbortSignal,
): Promise<RunResult> {
  const { address, access, deadlineMs } = options;
  const isFile = address.protocol === "file";
  const globalConfig = isFile ? await safeDirectories(`${options.folder}.safe`, address.remote) : undefined;
  const env = remoteEnvironment(gitDir, address, {
    ...access,
    ...(globalConfig === undefined ? {} : { globalConfig }),
  });
  const git = createGit(env, deadlineMs);
  return git(fetchArguments(address, options.branch), { signal, onStart: pid => lock.addChild(pid) });
}

function failed({ address, branch, access, deadlineMs }: MirrorOptions, result: RunResult): Result<never> {
  const { login } = access;
  // A token may also stand in the place of the user name, alone.
  const secrets = login ? [login.password === "" ? login.username : login.password] : [];
  return fail(fetchFailure(result, { url: address.remote, branch, secrets, deadlineMs }));
}

const fetchArguments = (address: Address, branch: string): readonly string[] => [
  "fetch",
  "--quiet",
  "--no-tags",
  "--no-write-fetch-head",
  "--no-auto-maintenance",
  "--no-recurse-submodules",
  "--no-show-forced-updates",
  // Without it a remote that is shallow leaves the branch where it was, and exits with 0.
  "--update-shallow",
  "--end-of-options",
  address.remote,
  `+refs/heads/${branch}:refs/heads/${branch}`,
];

/** An empty bare repository, without the machine's template (which can hold hooks and attributes). */
async function initialise(folder: string, format: Format, deadlineMs: number): Promise<RunResult> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const git = createGit(localEnvironment(folder), deadlineMs);
  // HEAD names a branch that is never fetched: nothing can be meant by it.
  const head = "--initial-branch=holdfast-has-no-head";
  return git(["init", "--bare", "--quiet", "--template=", head, `--object-format=${format}`]);
}

function lockFailure(signal: AbortSignal, url: string, afterMs: number): Failure {
  if (signal.aborted) return { kind: "aborted", reason: "shutting-down" };
  const what = `waiting for another process that fetches ${url}`;
  return { kind: "transient", reason: "timed-out", what, afterMs };
}
