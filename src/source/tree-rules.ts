/**
 * What a tree may hold before any of it is written. Refused: what leads out of the checkout, what git itself refuses
 * (`verify_path`), and what is too much. Contained: submodules become empty folders (as `git clone` leaves them), names
 * that only other systems find odd (`CON`, two names that differ in case) are plain files here.
 */
import { MAX_LINK_BYTES, MAX_NAME_BYTES, MAX_PATH_BYTES, type Limits } from "./limits.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** Why a revision is refused, and at which path (raw: clean it before it is shown). */
export interface Refused {
  readonly path: string;
  readonly why: string;
}

/** Judges names, counts and sizes. `rootBytes` is the length of the folder that the tree is written to. */
export function refuseTree(
  entries: readonly TreeEntry[],
  limits: Limits,
  rootBytes: number,
): Refused | undefined {
  const taken = { entries: new Set<string>(), folders: new Set<string>() };
  let total = 0;
  for (const [index, entry] of entries.entries()) {
    total += entry.size;
    const why =
      tooMuch(entry, index + 1, total, limits) ??
      pathProblem(entry, rootBytes) ??
      (isTaken(entry, taken) ? "this name stands twice in the tree" : undefined);
    if (why !== undefined) return { path: entry.name, why };
  }
  return undefined;
}

function tooMuch(entry: TreeEntry, count: number, total: number, limits: Limits): string | undefined {
  if (count > limits.files) return `the revision has more than ${limits.files} files`;
  if (entry.kind === "link" && (entry.size === 0 || entry.size > MAX_LINK_BYTES))
    return `the link's target has ${entry.size} bytes; 1 to ${MAX_LINK_BYTES} are possible`;
  if (entry.size > limits.fileBytes)
    return `the file has ${entry.size} bytes; ${limits.fileBytes} are allowed`;
  if (total > limits.totalBytes)
    return `the revision's files come to more than ${limits.totalBytes} bytes together`;
  return undefined;
}

function pathProblem(entry: TreeEntry, rootBytes: number): string | undefined {
  // The slash between, and the NUL at the end.
  if (rootBytes + entry.path.length + 2 > MAX_PATH_BYTES) return "the path is too long";
  // Latin-1 keeps the bytes apart, so that lengths are those of the file system.
  for (const component of entry.path.toString("latin1").split("/")) {
    if (component === "" || component === "." || component === "..")
      return `a path must not contain "${component}"`;
    if (component.length > MAX_NAME_BYTES) return "a name in the path is too long";
    if (isDotGit(Buffer.from(component, "latin1").toString())) return 'a path must not contain ".git"';
  }
  return undefined;
}

// Code points that HFS+ ignores in names: git's list (utf8.c, next_hfs_char).
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** `.git` and whatever some file system takes for it; a backslash separates there, too. */
export function isDotGit(component: string): boolean {
  return component
    .replace(IGNORED_BY_HFS, "")
    .toLowerCase()
    .split("\\")
    .some(part => /^(?:\.git|git~1)[. ]*(?::.*)?$/s.test(part));
}

/** Whether the path is there already, or a file stands on the way to it; only a forged tree has such. */
function isTaken(entry: TreeEntry, taken: { entries: Set<string>; folders: Set<string> }): boolean {
  const path = entry.path.toString("latin1");
  const folders = foldersOf(path);
  const clash =
    taken.entries.has(path) || taken.folders.has(path) || folders.some(folder => taken.entries.has(folder));
  taken.entries.add(path);
  folders.forEach(folder => taken.folders.add(folder));
  return clash;
}

/** Every folder on the way to a path, outermost first. */
export function foldersOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}
