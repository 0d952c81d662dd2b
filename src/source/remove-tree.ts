/** Removes a read-only tree. */
import type { Dirent } from "node:fs";
import { chmod, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { isErrno } from "./owner.ts";

/** Folders are opened first (only root can remove from a read-only one). A tree that is gone is fine. */
export async function removeTree(folder: string): Promise<void> {
  await openFolders(Buffer.from(folder));
  await rm(folder, { recursive: true, force: true });
}

async function openFolders(folder: Buffer): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const below = Buffer.concat([folder, Buffer.from(path.sep), entry.name]);
    if (entry.isDirectory()) await openFolders(below);
  }
}

async function entriesOf(folder: Buffer): Promise<readonly Dirent<Buffer>[]> {
  try {
    await chmod(folder, 0o700);
    return await readdir(folder, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return [];
    throw error;
  }
}
