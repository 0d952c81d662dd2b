/** What lies in a folder of this machine, all the way down, and its removal. Symlinks are never followed. */
import type { Dirent } from "node:fs";
import { readdir, realpath, rm } from "node:fs/promises";
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { codeOf } from "./local-errors.ts";
import { statIfThere } from "./local-entries.ts";
import { MAX_CONTENTS, type ContentsFacts, type Inhabitant } from "./questions.ts";

function kindOf(entry: Dirent): Inhabitant["kind"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

/** Undefined: it is no folder. Other file systems below are not entered. */
export async function contentsOf(folder: string): Promise<Outcome<ContentsFacts | undefined>> {
  const top = await statIfThere(folder);
  if (!top?.isDirectory()) return done(undefined);
  const inhabitants: Inhabitant[] = [];
  const folders = [""];
  for (let at = folders.pop(); at !== undefined && inhabitants.length <= MAX_CONTENTS; at = folders.pop()) {
    if ((await statIfThere(path.join(folder, at)))?.dev !== top.dev) continue;
    for (const entry of await readdir(path.join(folder, at), { withFileTypes: true })) {
      const below = path.posix.join(at, entry.name);
      inhabitants.push({ path: below, kind: kindOf(entry) });
      if (entry.isDirectory()) folders.push(below);
    }
  }
  return done({ inhabitants: inhabitants.slice(0, MAX_CONTENTS), cut: inhabitants.length > MAX_CONTENTS });
}

async function removeOne(folder: string, below: string): Promise<Outcome<void>> {
  const parent = path.dirname(path.join(folder, below));
  try {
    if ((await realpath(parent)) !== parent) return trouble("refused", `${parent}: a symlink is on the way`);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return done(undefined);
    throw error;
  }
  await rm(path.join(parent, path.basename(below)), { recursive: true, force: true });
  return done(undefined);
}

export async function removeBelow(target: string, paths: readonly string[]): Promise<Outcome<void>> {
  const stats = await statIfThere(target);
  if (!stats) return done(undefined);
  if (stats.isSymbolicLink()) return trouble("refused", `${target} is a symlink`);
  const folder = await realpath(target);
  for (const below of paths) {
    const removed = await removeOne(folder, below);
    if (!removed.ok) return removed;
  }
  return done(undefined);
}
