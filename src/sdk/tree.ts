/** A folder of the program's folder as the entries of a tree, read when the program runs. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { posix, resolve } from "node:path";
import { MOST_ENTRIES } from "./shapes/directory.ts";

type Report = (property: string, reason: string) => never;

export interface TreeModes {
  /** Octal digits. */
  readonly file: string;
  readonly directory: string;
}

type Entry = Readonly<Record<"content" | "contentBase64" | "target" | "mode", string>>;
export type Entries = Record<string, Partial<Entry>>;

/** The state holds the content twice; the provider refuses more as well. */
const MAX_BYTES = 10_000_000;

/** Who may read it may run it. */
const withExecution = (mode: string): string => {
  const bits = Number.parseInt(mode, 8);
  return (bits | ((bits & 0o444) >> 2)).toString(8).padStart(4, "0");
};

function contentOf(bytes: Buffer): Partial<Entry> {
  try {
    return { content: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { contentBase64: bytes.toString("base64") };
  }
}

/** A link is kept where it leads, from its own place, to something of the tree. */
function leadsInside(below: string, target: string): boolean {
  const led = posix.normalize(posix.join(posix.dirname(below), target));
  return !target.startsWith("/") && led !== ".." && !led.startsWith("../");
}

function folderOf(source: string, report: Report): string {
  const root = resolve(source);
  let stats: Stats;
  try {
    stats = lstatSync(root);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return report("source", `${source} cannot be read (${code}); it is looked for at ${root}`);
  }
  if (!stats.isDirectory()) report("source", `${source} is not a folder; a single file is for File`);
  return root;
}

export function readTree(source: string, modes: TreeModes, report: Report): Entries {
  const root = folderOf(source, report);
  const entries: Entries = {};
  let bytes = 0;
  const refuse = (below: string, why: string): never =>
    report("source", `${posix.join(source, below)} ${why}`);

  function entryOf(below: string, stats: Stats): Partial<Entry> {
    const path = resolve(root, below);
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(path);
      if (!leadsInside(below, target)) refuse(below, `is a symlink that leads out of the tree, to ${target}`);
      return { target };
    }
    if (!stats.isFile()) refuse(below, "is neither a file, a folder nor a symlink");
    bytes += stats.size;
    if (bytes > MAX_BYTES) report("source", `${source} holds more than ${MAX_BYTES} bytes`);
    const mode = (stats.mode & 0o100) === 0 ? modes.file : withExecution(modes.file);
    return { ...contentOf(readFileSync(path)), mode };
  }

  function walk(folder: string): void {
    for (const name of readdirSync(resolve(root, folder)).sort()) {
      const below = posix.join(folder, name);
      if (name.includes("\n")) refuse(below, "holds a line break in its name");
      const stats = lstatSync(resolve(root, below));
      if (stats.isDirectory()) {
        entries[`${below}/`] = { mode: modes.directory };
        walk(below);
      } else entries[below] = entryOf(below, stats);
    }
  }
  walk("");
  const count = Object.keys(entries).length;
  if (count === 0) report("source", `${source} is empty`);
  if (count > MOST_ENTRIES)
    report("source", `${source} holds ${count} files and folders; ${MOST_ENTRIES} is the most`);
  return entries;
}
