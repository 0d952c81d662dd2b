/**
 * The folders of checkouts on disk, and who uses them:
 *
 *     checkouts/<sha>                          whole: it got this name by a rename when everything was written
 *     checkouts/.making.<owner>.<uuid>         being written
 *     checkouts/.trash.<owner>.<uuid>          being removed
 *     holders/<sha>.<owner>.<uuid>             this live process uses or keeps checkouts/<sha>
 *
 * What a dead process left (no holder, or one that is dead) is removed at the next start, whole or not: after a power
 * cut a file could be empty that was written.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isErrno, isAlive, OWN } from "./owner.ts";
import { removeTree } from "./remove-tree.ts";

const TEMPORARY = /^\.(?:making|trash)\.(\d+-\d+)\./;
const HOLDER = /^([0-9a-f]+)\.(\d+-\d+)\./;

export interface CheckoutFolders {
  rootOf(sha: string): string;
  /** Says that this process uses the checkout; the answer is given back to `drop`. */
  hold(sha: string): Promise<string>;
  /** Calls `fill` with an empty folder and, if it answers true, makes that the checkout. Throws what `fill` throws. */
  make(sha: string, fill: (folder: string) => Promise<boolean>): Promise<void>;
  /** Gives the hold up and takes the checkout away unless somebody else holds it. The answer removes it from disk. */
  drop(sha: string, hold: string): Promise<() => Promise<void>>;
  /** Removes what dead processes left. */
  sweep(): Promise<void>;
}

export function checkoutFolders(folder: string): CheckoutFolders {
  const checkouts = path.join(folder, "checkouts");
  const holders = path.join(folder, "holders");
  const rootOf = (sha: string): string => path.join(checkouts, sha);
  const temporary = (kind: "making" | "trash"): string =>
    path.join(checkouts, `.${kind}.${OWN}.${randomUUID()}`);

  const prepare = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o711 });
    await mkdir(holders, { recursive: true, mode: 0o700 });
    // Workers may run as another user: they may pass through to a root that they were told, and not look around.
    await mkdir(checkouts, { recursive: true, mode: 0o711 });
  };

  const liveHolders = async (): Promise<ReadonlySet<string>> => {
    const found = (await readdir(holders)).map(name => HOLDER.exec(name));
    const live = found.filter(match => match !== null && isAlive(match[2] ?? ""));
    return new Set(live.map(match => match?.[1] ?? ""));
  };

  /** Moves a checkout out of the way; undefined where there is none, or somebody came to hold it meanwhile. */
  async function takeAway(sha: string): Promise<string | undefined> {
    if ((await liveHolders()).has(sha)) return undefined;
    const trash = temporary("trash");
    if (!(await moved(rootOf(sha), trash))) return undefined;
    if (!(await liveHolders()).has(sha)) return trash;
    // Back; where the holder has made it again already, this one is superfluous.
    return (await moved(trash, rootOf(sha))) ? undefined : trash;
  }

  return {
    rootOf,
    async hold(sha) {
      await prepare();
      const hold = path.join(holders, `${sha}.${OWN}.${randomUUID()}`);
      await writeFile(hold, "");
      return hold;
    },
    async make(sha, fill) {
      if (existsSync(rootOf(sha))) return;
      const making = temporary("making");
      await mkdir(making, { mode: 0o700 });
      try {
        if (!(await fill(making))) return;
        await chmod(making, 0o555);
        await moved(making, rootOf(sha));
      } finally {
        // Still there where it was not filled, or another process was quicker.
        await removeTree(making);
      }
    },
    async drop(sha, hold) {
      await rm(hold, { force: true });
      const trash = await takeAway(sha);
      return async () => void (trash !== undefined && (await removeTree(trash)));
    },
    async sweep() {
      await prepare();
      const held = await liveHolders();
      for (const name of await readdir(holders))
        if (!isAlive(HOLDER.exec(name)?.[2] ?? "")) await rm(path.join(holders, name), { force: true });
      for (const name of await readdir(checkouts)) {
        const owner = TEMPORARY.exec(name)?.[1];
        if (owner !== undefined && !isAlive(owner)) await removeTree(path.join(checkouts, name));
        if (owner !== undefined || held.has(name)) continue;
        const trash = await takeAway(name);
        if (trash !== undefined) await removeTree(trash);
      }
    },
  };
}

/** False where there is nothing to move, or something stands in the way. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isErrno(error) && ["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code ?? "")) return false;
    throw error;
  }
}
