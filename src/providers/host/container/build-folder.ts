/** A folder to build an image of, as the program's checkout has it. */
import { constants, type Dirent } from "node:fs";
import { open, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { folderText, MOST_FOLDER_BYTES, MOST_FOLDER_ENTRIES } from "../../../sdk/shapes/folder-digest.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import { sha256 } from "./files.ts";
import { tarOf, type TarEntry } from "./tar.ts";

/** A pipe would make the reader wait for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Undefined: it is neither file, folder nor link, or there is no more room for it. */
async function entryAt(folder: string, entry: Dirent, room: number): Promise<TarEntry | undefined> {
  const real = path.join(entry.parentPath, entry.name);
  const nothing = {
    path: path.relative(folder, real),
    executable: false,
    bytes: Buffer.alloc(0),
    target: "",
  };
  if (entry.isSymbolicLink()) return { ...nothing, kind: "symlink", target: await readlink(real) };
  if (entry.isDirectory()) return { ...nothing, kind: "directory" };
  if (!entry.isFile()) return undefined;
  const handle = await open(real, FLAGS);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > room) return undefined;
    const executable = (stats.mode & 0o100) !== 0;
    return { ...nothing, kind: "file", executable, bytes: await handle.readFile() };
  } finally {
    await handle.close();
  }
}

const contentOf = ({ kind, bytes, target }: TarEntry): string => (kind === "file" ? sha256(bytes) : target);

/** Undefined: it is more than the program may have read. */
async function entriesOf(folder: string): Promise<readonly TarEntry[] | undefined> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  if (names.length > MOST_FOLDER_ENTRIES) return undefined;
  const entries: TarEntry[] = [];
  let room = MOST_FOLDER_BYTES;
  for (const name of names) {
    const entry = await entryAt(folder, name, room);
    if (!entry) return undefined;
    entries.push(entry);
    room -= entry.bytes.length;
  }
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** As a tar. It must be the folder that the program read: a program may name paths that it cannot read itself. */
export async function packFolder(folder: string, digest: string): Promise<Outcome<Buffer>> {
  const entries = await entriesOf(folder).catch((error: unknown) => String(error));
  if (typeof entries === "string")
    return trouble("failed", `${folder} cannot be read where the program ran: ${entries}`);
  const now = entries && sha256(folderText(entries.map(entry => ({ ...entry, content: contentOf(entry) }))));
  return entries && now === digest
    ? done(tarOf(entries))
    : trouble("failed", `${folder} is not the folder that the program read`);
}
