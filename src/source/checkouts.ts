/** Checkouts that several stacks share: made once, counted, and removed some time after the last release. */
import { existsSync } from "node:fs";
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import type { LeftOut } from "../engine/ports/stack.ts";
import { checkoutFolders, type CheckoutFolders } from "./checkout-folders.ts";
import { isTimeout, type Git } from "./git.ts";
import type { Limits } from "./limits.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { isErrno } from "./owner.ts";
import { readTree, refused, type CheckedTree, type Damaged } from "./read-tree.ts";
import { cleanLine } from "./untrusted-text.ts";
import { writeTree } from "./write-tree.ts";

export interface HeldCheckout {
  readonly root: string;
  readonly leftOut: readonly LeftOut[];
  /** Safe to call twice. */
  release(): void;
}

export interface Checkouts {
  /** Failures: repository-refused, disk. */
  acquire(sha: string): Promise<Result<HeldCheckout> | Damaged>;
}

export interface CheckoutsOptions {
  readonly folder: string;
  readonly git: Git;
  readonly limits: Limits;
  /** Of `git`; for the message. */
  readonly deadlineMs: number;
  readonly log: (text: string) => void;
}

/** Unused checkouts that are kept: head, the deployed one, and one to go back to are wanted again and again. */
export const KEPT_UNUSED = 3;

type Made = Result<{ readonly hold: string; readonly leftOut: readonly LeftOut[] }> | Damaged;
type Problem = Exclude<Made, { ok: true }>;

interface Entry {
  users: number;
  /** Counts up; the unused one with the lowest number goes first. */
  lastUse: number;
  readonly made: Promise<Made>;
}

export function createCheckouts(options: CheckoutsOptions): Checkouts {
  const { log } = options;
  const folders = checkoutFolders(options.folder);
  const entries = new Map<string, Entry>();
  const inOrder = oneAtATime();
  let swept = false;
  let uses = 0;

  async function make(sha: string): Promise<Made> {
    try {
      // What a crash left goes before anything new is made.
      if (!swept) await folders.sweep();
      swept = true;
      return await makeHeld(folders, options, sha);
    } catch (error) {
      return fail(checkoutFailure(error, options.deadlineMs));
    }
  }

  function entryOf(sha: string): Entry {
    const known = entries.get(sha);
    if (known) return known;
    const entry: Entry = { users: 0, lastUse: ++uses, made: inOrder(() => make(sha)) };
    entries.set(sha, entry);
    return entry;
  }

  function release(entry: Entry): void {
    entry.users--;
    entry.lastUse = ++uses;
    const unused = [...entries].filter(([, other]) => other.users === 0);
    unused.sort(([, a], [, b]) => b.lastUse - a.lastUse);
    for (const [old, oldest] of unused.slice(KEPT_UNUSED)) forget(old, oldest);
  }

  /** Out of the map at once, so that the next user makes it anew; off the disk when it may be. */
  function forget(sha: string, entry: Entry): void {
    if (entries.get(sha) === entry) entries.delete(sha);
    const gone = async (): Promise<void> => {
      const made = await entry.made;
      if ("damaged" in made || !made.ok) return;
      const remove = await inOrder(() => folders.drop(sha, made.value.hold));
      await remove();
    };
    gone().catch((error: unknown) => log(`a checkout could not be removed: ${String(error)}`));
  }

  return {
    async acquire(sha) {
      const known = entries.get(sha);
      // Somebody may have tidied the data folder up by hand.
      if (known?.users === 0 && !existsSync(folders.rootOf(sha))) forget(sha, known);
      const entry = entryOf(sha);
      entry.users++;
      const made = await entry.made;
      if ("damaged" in made || !made.ok) {
        if (entries.get(sha) === entry) entries.delete(sha);
        return made;
      }
      let released = false;
      const once = (): void => {
        if (!released) release(entry);
        released = true;
      };
      return ok({ root: folders.rootOf(sha), leftOut: made.value.leftOut, release: once });
    },
  };
}

/** Throws errors of the file system. */
async function makeHeld(
  folders: CheckoutFolders,
  { git, limits }: CheckoutsOptions,
  sha: string,
): Promise<Made> {
  const hold = await folders.hold(sha);
  let problem: Problem | undefined;
  let leftOut: readonly LeftOut[] | undefined;
  let whole = false;
  const judge = async (folder: string): Promise<CheckedTree | undefined> => {
    const tree = await readTree(git, sha, limits, Buffer.byteLength(folder));
    if ("damaged" in tree || !tree.ok) problem = tree;
    else leftOut = tree.value.leftOut;
    return "damaged" in tree || !tree.ok ? undefined : tree.value;
  };
  try {
    await folders.make(sha, async making => {
      const tree = await judge(making);
      if (tree) problem = damage(await writeTree(git, tree, making));
      return problem === undefined;
    });
    // Another process made it: what it lacks is said by the tree alone.
    if (!leftOut && !problem) await judge(folders.rootOf(sha));
    whole = problem === undefined;
  } finally {
    if (!whole) await (await folders.drop(sha, hold))();
  }
  return problem ?? ok({ hold, leftOut: leftOut ?? [] });
}

const damage = (problem: string | undefined): Damaged | undefined =>
  problem === undefined ? undefined : { damaged: problem };

/** A name that is taken on this file system (it ignores case, say) is the repository's fault; the rest is the disk's. */
function checkoutFailure(error: unknown, deadlineMs: number): Failure {
  if (isTimeout(error))
    return { kind: "transient", reason: "timed-out", what: error.message, afterMs: deadlineMs };
  if (!isErrno(error)) throw error;
  if (error.code === "EEXIST" || error.code === "EILSEQ")
    return refused({
      path: error.path ?? "",
      why: "this file system cannot hold the name beside the others",
    });
  return { kind: "transient", reason: "disk", why: cleanLine(error.message) };
}
