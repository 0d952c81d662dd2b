/** What lies in a folder of the checkout. */
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";

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

const kindOf = (isFile: boolean, isLink: boolean): Entry["kind"] =>
  isFile ? "file" : isLink ? "link" : "other";

/** In the order of their names, links not followed. Throws where there are too many. */
export function readTree(root: string, folder: string): Entry[] {
  const found: Entry[] = [];
  const open = [""];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of readdirSync(path.join(root, folder, at), { withFileTypes: true })) {
      const name = path.posix.join(at, entry.name);
      if (entry.isDirectory()) {
        open.push(name);
        continue;
      }
      const source = path.posix.join(folder, name);
      const { mode, size } = lstatSync(path.join(root, source));
      const kind = kindOf(entry.isFile(), entry.isSymbolicLink());
      found.push({
        source,
        name,
        kind,
        ...(kind === "link" ? { leads: readlinkSync(path.join(root, source)) } : {}),
        executable: (mode & 0o100) !== 0,
        bytes: size,
        legible: !UNSEEN.test(entry.name),
      });
      if (found.length > MOST_ENTRIES) throw new Error(`${folder}: more than ${MOST_ENTRIES} files`);
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
