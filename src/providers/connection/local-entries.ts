/** What is there on this machine's file system. Paths are real ones: nothing is followed. */
import { createHash } from "node:crypto";
import { constants, type BigIntStats, type Stats } from "node:fs";
import { lstat, open, readlink, type FileHandle } from "node:fs/promises";
import { done, trouble, type Outcome } from "../outcome.ts";
import { nameOf } from "./accounts.ts";
import { codeOf } from "./local-errors.ts";
import type { Entry, FileEntry } from "./machine.ts";
import { MAX_SUMMED_BYTES, type EntryFacts } from "./questions.ts";

export async function statIfThere(target: string): Promise<Stats | undefined> {
  try {
    return await lstat(target);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function kindOf(stats: Stats): Entry["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "other";
}

async function entryOf(stats: Stats): Promise<Entry> {
  return {
    kind: kindOf(stats),
    mode: stats.mode & 0o7777,
    owner: await nameOf("user", stats.uid),
    group: await nameOf("group", stats.gid),
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
  };
}

export async function readEntry(target: string, maxBytes: number): Promise<Outcome<FileEntry | undefined>> {
  const stats = await statIfThere(target);
  if (!stats) return done(undefined);
  if (!stats.isFile() || stats.size > maxBytes) return done(await entryOf(stats));
  // O_NOFOLLOW: it may have been exchanged for a symlink since the look above, or for another file.
  const handle = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const entry = await entryOf(await handle.stat());
    if (entry.kind !== "file" || entry.size > maxBytes) return done(entry);
    // One byte more than the size, to see whether it grew.
    const buffer = Buffer.alloc(entry.size + 1);
    const bytesRead = await readFully(handle, buffer);
    if (bytesRead > entry.size) return trouble("failed", `${target} grew while it was read`);
    return done({ ...entry, size: bytesRead, content: buffer.subarray(0, bytesRead) });
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, buffer: Buffer): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

const SECOND = 1_000_000_000n;

/** In the form that `stat` gives it on other hosts. */
const stampOf = ({ ino, ctimeNs }: BigIntStats): string =>
  `${ino}.${ctimeNs / SECOND}.${String(ctimeNs % SECOND).padStart(9, "0")}`;

/** With the checksum of a file that is not too big, and where a link leads. */
export async function lookAt(target: string): Promise<Outcome<EntryFacts | undefined>> {
  const stats = await lstat(target, { bigint: true }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (!stats) return done(undefined);
  const stamp = stampOf(stats);
  const read = await readEntry(target, MAX_SUMMED_BYTES);
  if (!read.ok || !read.value) return read.ok ? done(undefined) : read;
  const { content, ...entry } = read.value;
  if (entry.kind === "symlink") return done({ ...entry, stamp, target: await readlink(target) });
  if (!content) return done({ ...entry, stamp });
  return done({ ...entry, stamp, checksum: createHash("sha256").update(content).digest("hex") });
}
