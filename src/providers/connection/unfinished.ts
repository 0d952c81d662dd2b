/** Files that are being written: beside their targets, under names of their own, until they take their places. */
import { randomBytes } from "node:crypto";
import { lstat, readdir, unlink } from "node:fs/promises";
import path from "node:path";

const NAME = /^\.holdfast-[0-9a-f]{16}$/;

export const unfinishedName = (): string => `.holdfast-${randomBytes(8).toString("hex")}`;

const looked = new Set<string>();

async function removeOlder(file: string, bornAt: number): Promise<void> {
  const stats = await lstat(file);
  if (stats.isFile() && stats.mtimeMs < bornAt) await unlink(file);
}

/**
 * Removes what a process before us left when it was killed. Looked for once in each folder, before we write there
 * first: what is younger than this process is somebody's who is at work. Whoever was only stopped, and goes on, finds
 * its file gone, and changes nothing.
 */
export async function removeUnfinished(
  folder: string,
  bornAt: number = performance.timeOrigin,
): Promise<void> {
  if (looked.has(folder)) return;
  looked.add(folder);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return; // a folder that may be written and not read; the write says what else is wrong with it
  }
  const left = names.filter(name => NAME.test(name)).map(name => path.join(folder, name));
  // One that is gone by now, or is not ours to remove, harms nobody.
  await Promise.allSettled(left.map(file => removeOlder(file, bornAt)));
}
