/** A folder to build an image of, as the program's checkout has it. */
import type { Dirent } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { folderText } from "../../../sdk/shapes/folder-digest.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import { sha256 } from "./files.ts";
import { tarOf, type TarEntry } from "./tar.ts";

async function entryAt(folder: string, entry: Dirent): Promise<TarEntry> {
  const real = path.join(entry.parentPath, entry.name);
  const relative = path.relative(folder, real);
  const nothing = { path: relative, executable: false, bytes: Buffer.alloc(0), target: "" };
  if (entry.isSymbolicLink()) return { ...nothing, kind: "symlink", target: await readlink(real) };
  if (entry.isDirectory()) return { ...nothing, kind: "directory" };
  const { mode } = await lstat(real);
  return { ...nothing, kind: "file", executable: (mode & 0o100) !== 0, bytes: await readFile(real) };
}

const contentOf = ({ kind, bytes, target }: TarEntry): string => (kind === "file" ? sha256(bytes) : target);

/** As a tar. It must be the folder that the program saw. */
export async function packFolder(folder: string, digest: string): Promise<Outcome<Buffer>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) =>
    String(error),
  );
  if (typeof names === "string")
    return trouble("failed", `${folder} cannot be read where the program ran: ${names}`);
  const entries = await Promise.all(names.map(entry => entryAt(folder, entry)));
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const now = sha256(folderText(sorted.map(entry => ({ ...entry, content: contentOf(entry) }))));
  return now === digest ? done(tarOf(sorted)) : trouble("failed", `${folder} changed since the program ran`);
}
