/** What lies in a folder of the checkout. */
import { lstatSync, readdirSync, readlinkSync, type Dirent } from "node:fs";
import path from "node:path";
import { Mistake } from "./values.ts";

export interface Entry {
  /** From the checkout's root on, as people know it. */
  readonly source: string;
  /** From the folder on. */
  readonly name: string;
  readonly kind: "file" | "link" | "other";
  /** Of a link: where it leads, as it is written. */
  readonly leads?: string;
  readonly executable: boolean;
  readonly bytes: number;
  /** False: the name is no text, or holds characters that nobody sees. */
  readonly legible: boolean;
}

/** Of one folder; more than anybody has on a host that is described file by file. */
const MOST_ENTRIES = 10_000;
const UNSEEN = /\p{Cc}|\uFFFD/u;

function entryOf(root: string, folder: string, name: string, dirent: Dirent): Entry {
  const source = path.posix.join(folder, name);
  const at = { source, name, executable: false, bytes: 0, legible: true };
  // Of a name that is no text, what Node hands out leads to nothing.
  if (UNSEEN.test(dirent.name)) return { ...at, kind: "other", legible: false };
  const { mode, size } = lstatSync(path.join(root, source));
  const seen = { ...at, executable: (mode & 0o100) !== 0, bytes: size };
  if (!dirent.isSymbolicLink()) return { ...seen, kind: dirent.isFile() ? "file" : "other" };
  return { ...seen, kind: "link", leads: readlinkSync(path.join(root, source)) };
}

/** In the order of their names, links not followed. Throws where there are too many. */
export function readTree(root: string, folder: string, most = MOST_ENTRIES): Entry[] {
  const found: Entry[] = [];
  const open = [""];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const dirent of readdirSync(path.join(root, folder, at), { withFileTypes: true })) {
      const name = path.posix.join(at, dirent.name);
      if (dirent.isDirectory() && !UNSEEN.test(dirent.name)) open.push(name);
      else found.push(entryOf(root, folder, name, dirent));
      if (found.length > most) throw new Mistake(`${folder}: more than ${most} files; divide it`);
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
