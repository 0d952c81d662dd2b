/** A tree of files made so on a host, and taken away again. */
import type { Answers } from "../../connection/questions.ts";
import { isMap, mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import { contentProperties, MAX_CONTENT_BYTES, tooBig } from "./content.ts";
import type { Site } from "../family.ts";
import { attributesToSet } from "../placement.ts";
import { step } from "../step.ts";
import { placeFilesScript, type TreeFile } from "./tree-script.ts";
import {
  contentsQuestion,
  entryQuestion,
  factsIn,
  foldersAbove,
  isInsideEqual,
  keyIn,
  questionsOf,
  strangersIn,
  treeNow,
  type Tree,
  type TreeEntry,
} from "./tree.ts";

/** As many as a host has shells. */
const AT_ONCE = 4;
const NEW_FILE_MODE = 0o644;
const NEW_FOLDER_MODE = 0o755;
/** 10 MB over a slow line, or 2,000 files on a busy host. */
const WRITE_MS = 300_000;
/** A list of strangers is cut at thousands: what is left is asked for again. */
const MOST_ROUNDS = 100;

/** The first trouble stops what has not begun. */
async function each<T>(
  items: readonly T[],
  act: (item: T) => Promise<Outcome<unknown>>,
): Promise<Outcome<void>> {
  const left = items.values();
  let failed: Outcome<void> | undefined;
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (failed) return;
      const ended = await act(item);
      if (!ended.ok) failed ??= ended;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed ?? done(undefined);
}

async function inOrder<T>(
  items: readonly T[],
  act: (item: T) => Promise<Outcome<unknown>>,
): Promise<Outcome<void>> {
  for (const item of items) {
    const ended = await act(item);
    if (!ended.ok) return ended;
  }
  return done(undefined);
}

async function placeFolder(
  entry: TreeEntry,
  { machine, signal }: Site,
  answers: Answers,
): Promise<Outcome<void>> {
  const { placement } = entry;
  const there = answers.get(entryQuestion(entry));
  if (there && there.kind !== "directory") {
    const removed = await machine.removeFile(placement.path, signal);
    if (!removed.ok) return removed;
  }
  const isNew = there?.kind !== "directory";
  if (isNew) {
    const made = await machine.makeDirectory(placement.path, placement.mode ?? NEW_FOLDER_MODE, signal);
    if (!made.ok) return made;
  }
  const { owner, group } = placement;
  const accounts = { ...(owner !== undefined && { owner }), ...(group !== undefined && { group }) };
  const missing = isNew ? accounts : attributesToSet(placement, there);
  if (Object.keys(missing).length === 0) return done(undefined);
  return machine.setAttributes(placement.path, missing, signal);
}

async function placeAttributes(
  file: TreeFile,
  { machine, signal }: Site,
  answers: Answers,
): Promise<Outcome<void>> {
  const there = factsIn(file, answers);
  const missing = there ? attributesToSet(file.placement, there) : {};
  if (Object.keys(missing).length === 0) return done(undefined);
  return machine.setAttributes(file.placement.path, missing, signal);
}

/** In one go where there is a shell. */
async function writeFiles(root: string, files: readonly TreeFile[], site: Site): Promise<Outcome<unknown>> {
  const { machine, signal } = site;
  if (files.length === 0) return done(undefined);
  if (machine.system) {
    const body = Buffer.concat(files.map(({ content }) => content));
    const script = { script: placeFilesScript(root, files), body, deadlineMs: WRITE_MS };
    return step(site, `write the files of ${root}`, script);
  }
  return each(files, ({ placement, content }) =>
    machine.write(placement.path, content, { ...placement, newMode: NEW_FILE_MODE }, signal),
  );
}

async function placeFiles(
  root: string,
  files: readonly TreeFile[],
  site: Site,
  answers: Answers,
): Promise<Outcome<void>> {
  const isEqual = (file: TreeFile): boolean => {
    const facts = factsIn(file, answers);
    return facts !== undefined && isInsideEqual(file, facts);
  };
  const isBlocked = (file: TreeFile): boolean => answers.get(entryQuestion(file))?.kind === "directory";
  const written = await writeFiles(
    root,
    files.filter(file => !isEqual(file) && !isBlocked(file)),
    site,
  );
  if (!written.ok) return written;
  const set = await each(files.filter(isEqual), file => placeAttributes(file, site, answers));
  const blocked = files.find(isBlocked);
  if (!set.ok || !blocked) return set;
  const why = "it is a folder; it is not replaced by a file";
  return trouble("failed", `${site.machine.name}: ${blocked.placement.path}: ${why}`);
}

async function placeLink(
  entry: TreeEntry & { readonly kind: "symlink" },
  { machine, signal }: Site,
  answers: Answers,
): Promise<Outcome<void>> {
  const there = answers.get(entryQuestion(entry));
  if (there?.kind === "symlink" && there.target === entry.target) return done(undefined);
  if (there && there.kind !== "symlink") {
    const removed = await machine.removeFile(entry.placement.path, signal);
    if (!removed.ok) return removed;
  }
  return machine.makeSymlink(entry.placement.path, entry.target, signal);
}

/** Folders from the top down; then what is in them is asked for: a folder may have stood behind a symlink before. */
async function place({ root, entries }: Tree, site: Site): Promise<Outcome<void>> {
  const { machine, signal } = site;
  const folders = entries.filter(({ kind }) => kind === "directory");
  const above = await machine.ask(folders.map(entryQuestion), signal);
  if (!above.ok) return above;
  const made = await inOrder(folders, entry => placeFolder(entry, site, above.value));
  if (!made.ok) return made;
  const files = entries.filter(entry => entry.kind === "file");
  const links = entries.filter(entry => entry.kind === "symlink");
  const answers = await machine.ask([...files, ...links].map(entryQuestion), signal);
  if (!answers.ok) return answers;
  const linked = await each(links, entry => placeLink(entry, site, answers.value));
  return linked.ok ? placeFiles(root.path, files, site, answers.value) : linked;
}

async function sweep(tree: Tree, { machine, signal }: Site): Promise<Outcome<void>> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const question = contentsQuestion(tree);
    const answers = await machine.ask([question], signal);
    if (!answers.ok) return answers;
    const contents = answers.value.get(question);
    const strangers = contents ? strangersIn(tree, contents) : [];
    const paths = strangers.map(({ path }) => path);
    const removed =
      paths.length === 0 ? done(undefined) : await machine.removeInside(tree.root.path, paths, signal);
    if (!removed.ok || !contents?.cut) return removed;
    if (paths.length === 0) break;
  }
  return trouble("failed", `${machine.name}: ${tree.root.path}: it holds too much that is not of its tree`);
}

/** Removes entries that still are what they were; of folders those that are empty. What lies behind a symlink is not ours. */
export async function removeEntries(
  { root, entries }: Tree,
  isGone: (entry: TreeEntry) => boolean,
  { machine, signal }: Site,
): Promise<Outcome<void>> {
  if (!entries.some(isGone)) return done(undefined);
  const answers = await machine.ask(entries.map(entryQuestion), signal);
  if (!answers.ok) return answers;
  const there = entries.filter(entry => factsIn(entry, answers.value));
  const real = new Set(there.filter(({ kind }) => kind === "directory").map(keyIn));
  const gone = there.filter(entry => isGone(entry) && foldersAbove(entry.below).every(one => real.has(one)));
  const files = gone.filter(({ kind }) => kind !== "directory").map(({ below }) => below);
  const removed = files.length > 0 ? await machine.removeInside(root.path, files, signal) : done(undefined);
  if (!removed.ok) return removed;
  const folders = gone.filter(({ kind }) => kind === "directory").toReversed();
  return inOrder(folders, ({ placement }) => machine.removeDirectory(placement.path, signal));
}

/** `old`: what was there of ours; what is not of the tree any more is removed. */
export async function ensureTree(tree: Tree, old: Tree | undefined, site: Site): Promise<Outcome<void>> {
  const kept = new Set(tree.entries.map(keyIn));
  const removed = old ? await removeEntries(old, entry => !kept.has(keyIn(entry)), site) : done(undefined);
  if (!removed.ok) return removed;
  const swept = tree.purge ? await sweep(tree, site) : done(undefined);
  return swept.ok ? place(tree, site) : swept;
}

/** With what is really in the files that differ. */
export async function readTree(tree: Tree, { machine, signal }: Site): Promise<Outcome<PlainMap>> {
  const answers = await machine.ask(questionsOf(tree), signal);
  if (!answers.ok) return answers;
  const now = new Map(Object.entries(treeNow(tree, answers.value)));
  let room = MAX_CONTENT_BYTES;
  const differing = tree.entries.filter(entry => {
    const facts = entry.kind === "file" ? factsIn(entry, answers.value) : undefined;
    return facts && !isInsideEqual(entry, facts);
  });
  const read = await inOrder(differing, async entry => {
    const there = await machine.read(entry.placement.path, room, signal);
    if (!there.ok) return there;
    const shown = now.get(keyIn(entry));
    if (there.value?.kind !== "file" || !isMap(shown)) return done(undefined);
    const { content: _checksum, ...rest } = shown;
    const { content, size } = there.value;
    room -= content?.length ?? 0;
    const said = content ? contentProperties(content, entry.given) : { content: tooBig(size) };
    now.set(keyIn(entry), { ...rest, ...said });
    return done(undefined);
  });
  return read.ok ? done(mapOf(now)) : read;
}
