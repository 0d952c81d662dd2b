/**
 * Writes a judged tree into a new folder, read-only. By ourselves, from raw blobs: `git archive` and `checkout-index`
 * would apply attributes that the repository chooses (export-subst, eol, filters), and would have to be told each not to.
 */
import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { constants } from "node:fs";
import { parseBatch } from "./blob-stream.ts";
import type { Git } from "./git.ts";
import type { CheckedTree } from "./read-tree.ts";
import { foldersOf } from "./tree-rules.ts";

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Made by us, there before by nobody, and not through a link. */
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const READ_ONLY_FILE = 0o444;
const READ_ONLY_PROGRAM = 0o555;
const READ_ONLY_FOLDER = 0o555;

/**
 * Fills the empty folder `root`. Links come last, so that nothing can be written through one; folders are closed at the
 * very end. Answers what is wrong with the mirror's objects, if anything; throws errors of the file system.
 * Writes are synchronous between two reads of git's pipe, which spares a turn of the event loop for each small file; the
 * loop runs after each 64 KiB.
 */
export async function writeTree(git: Git, tree: CheckedTree, root: string): Promise<string | undefined> {
  const below = (path: string): Buffer =>
    Buffer.from(`${Buffer.from(root).toString("latin1")}/${path}`, "latin1");
  const folders = foldersIn(tree);
  for (const folder of folders) mkdirSync(below(folder), { mode: 0o700 });
  const files = tree.entries.filter(entry => entry.kind === "file" || entry.kind === "program");
  let descriptor = -1;
  const close = (): void => {
    if (descriptor !== -1) closeSync(descriptor);
    descriptor = -1;
  };
  const batch = parseBatch(files, {
    begin(entry) {
      const mode = entry.kind === "program" ? READ_ONLY_PROGRAM : READ_ONLY_FILE;
      descriptor = openSync(below(entry.path.toString("latin1")), NEW_FILE, mode);
      // The umask may have taken bits that the user of the workers needs.
      fchmodSync(descriptor, mode);
    },
    data: chunk => writeAll(descriptor, chunk),
    end: close,
  });
  try {
    const problem = await batch.read(git);
    if (problem !== undefined) return problem;
  } finally {
    close();
  }
  for (const [link, target] of tree.links) symlinkSync(Buffer.from(target, "latin1"), below(link));
  for (const folder of folders) chmodSync(below(folder), READ_ONLY_FOLDER);
  return undefined;
}

/** Parents before their children. Submodules are folders that stay empty. */
function foldersIn(tree: CheckedTree): readonly string[] {
  const folders = new Set<string>();
  for (const entry of tree.entries) {
    const path = entry.path.toString("latin1");
    foldersOf(path).forEach(folder => folders.add(folder));
    if (entry.kind === "submodule") folders.add(path);
  }
  return [...folders];
}

function writeAll(descriptor: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length;) at += writeSync(descriptor, chunk, at);
}
