/** What a git that was killed leaves in a repository and trips over the next time. */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { isErrno } from "./owner.ts";

/** Lock files of refs and settings; objects and packs that were not finished. */
const LEFTOVER = /\.lock$|^gc\.pid$|^tmp_|^\.tmp-/;

/**
 * Removes lock files and half-written objects, and names them. Only for the one who holds the mirror's own lock: then
 * no git is at work in it, and whatever is there was left behind.
 */
export async function removeLeftovers(mirror: string): Promise<readonly string[]> {
  const names = (await listing(mirror)).filter(name => LEFTOVER.test(path.basename(name)));
  await Promise.all(names.map(name => rm(path.join(mirror, name), { recursive: true, force: true })));
  return names;
}

async function listing(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder, { recursive: true });
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return [];
    throw error;
  }
}
