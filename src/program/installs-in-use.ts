/**
 * Shared installs that no checkout needs any longer go when a new one is made. Beside their folder is one with a
 * mark for each checkout that an install was linked into; a mark counts as long as that checkout is there.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { isThere } from "../process/is-there.ts";
import { isMissing } from "./link-modules.ts";

/** A new mark counts also before the links are there; an install takes minutes at most. */
const MARK_COUNTS_MS = 60 * 60 * 1000;

/** Folder of the marks of each install, by its key. */
const marksOf = (cache: string): string => `${cache}-in-use`;

/** To be called before one looks whether the install is there: from then on it stays. */
export async function markInUse(cache: string, key: string, checkout: string): Promise<void> {
  const marks = path.join(marksOf(cache), key);
  await mkdir(marks, { recursive: true });
  const name = createHash("sha256").update(checkout).digest("hex");
  await writeFile(path.join(marks, name), checkout);
}

async function counts(mark: string, now: number): Promise<boolean> {
  const { mtimeMs } = await stat(mark);
  return now - mtimeMs < MARK_COUNTS_MS || isThere(await readFile(mark, "utf8"));
}

async function isUsed(cache: string, key: string, now: number): Promise<boolean> {
  const marks = path.join(marksOf(cache), key);
  try {
    for (const name of await readdir(marks)) if (await counts(path.join(marks, name), now)) return true;
  } catch (error) {
    // Another install is being made, and removes the same ones.
    if (!isMissing(error)) throw error;
  }
  return false;
}

/** Takes it away first and looks again then: who marks it meanwhile either is seen, or finds it gone and makes it anew. */
async function removeUnused(cache: string, key: string, now: number): Promise<void> {
  if (await isUsed(cache, key, now)) return;
  const final = path.join(cache, key);
  const away = path.join(cache, `making-${process.pid}-${randomUUID()}`);
  try {
    await rename(final, away);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (await isUsed(cache, key, now)) {
    if ((await isThere(away)) && !(await isThere(final))) await rename(away, final);
    return;
  }
  await rm(away, { recursive: true, force: true });
  await rm(path.join(marksOf(cache), key), { recursive: true, force: true });
}

/** Removes what nobody needs; `now` in milliseconds. */
export async function pruneInstalls(cache: string, now: number): Promise<void> {
  for (const key of await readdir(marksOf(cache))) await removeUnused(cache, key, now);
}
