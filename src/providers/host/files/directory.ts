/** holdfast:host:Directory: a folder on a host, alone or with a tree of files. */
import { DIRECTORY } from "../../../sdk/shapes/directory.ts";
import { type PlainMap } from "../../grpc/value.ts";
import { done, type Outcome } from "../../outcome.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import {
  attributesNow,
  attributesToSet,
  modeText,
  parsePlacement,
  withCanonicalMode,
  type Placement,
} from "../placement.ts";
import { checkTree, parseTree, questionsOf, treeNow, withCanonicalModes, type Tree } from "./tree.ts";
import { ensureTree, readTree, removeEntries } from "./tree-steps.ts";

interface DirectoryInputs {
  readonly placement: Placement;
  /** Undefined: what is in the folder is not looked at. */
  readonly tree?: Tree;
}

const NEW_FOLDER_MODE = 0o755;

function parse(properties: PlainMap): DirectoryInputs {
  const placement = parsePlacement(properties);
  const tree = parseTree(placement, properties);
  return { placement, ...(tree && { tree }) };
}

/** Answers what is wrong with its attributes, where the folder itself is there. */
async function ensureFolder(
  placement: Placement,
  { machine, signal }: Site,
): Promise<Outcome<string | undefined>> {
  const made = await machine.makeDirectory(placement.path, placement.mode ?? NEW_FOLDER_MODE, signal);
  if (!made.ok) return made;
  const there = await machine.read(placement.path, 0, signal);
  if (!there.ok) return there;
  const missing = there.value ? attributesToSet(placement, there.value) : {};
  if (Object.keys(missing).length === 0) return done(undefined);
  const set = await machine.setAttributes(placement.path, missing, signal);
  return done(set.ok ? undefined : set.trouble.message);
}

/** No tree any more: what was of it goes. */
const emptied = (root: Placement): Tree => ({ root, entries: [], purge: false });

async function ensure(
  { placement, tree }: DirectoryInputs,
  site: Site,
  old: DirectoryInputs | undefined,
): Promise<Outcome<Done>> {
  const problem = await ensureFolder(placement, site);
  if (!problem.ok) return problem;
  const ensured =
    tree || old?.tree ? await ensureTree(tree ?? emptied(placement), old?.tree, site) : done(undefined);
  // What is still to be removed is known from the old state only.
  if (!ensured.ok && old) return ensured;
  const problems = [problem.value, ensured.ok ? undefined : ensured.trouble.message].filter(
    text => text !== undefined,
  );
  // The folder is there, so the state must know it; the next up tries the rest again.
  return done(problems.length > 0 ? { problems } : {});
}

async function adopt(path: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const there = await machine.read(path, 0, signal);
  if (!there.ok) return there;
  if (there.value?.kind !== "directory") return done(undefined);
  const { mode } = there.value;
  return done({ properties: { path, ...(mode !== NEW_FOLDER_MODE && { mode: modeText(mode) }) } });
}

async function read(
  { placement, tree }: DirectoryInputs,
  site: Site,
  properties: PlainMap,
): Promise<Outcome<Seen | undefined>> {
  const there = await site.machine.read(placement.path, 0, site.signal);
  if (!there.ok) return there;
  if (there.value?.kind !== "directory") return done(undefined);
  const now = { ...properties, ...attributesNow(properties, there.value) };
  if (!tree) return done({ properties: now });
  const entries = await readTree(tree, site);
  return entries.ok ? done({ properties: { ...now, entries: entries.value } }) : entries;
}

async function remove({ placement, tree }: DirectoryInputs, site: Site): Promise<Outcome<void>> {
  const removed = tree ? await removeEntries(tree, () => true, site) : done(undefined);
  if (!removed.ok) return removed;
  const folder = await site.machine.removeDirectory(placement.path, site.signal);
  // A folder that others put something into stays: it is not ours any more.
  return folder.ok ? done(undefined) : folder;
}

export const directory: Family<DirectoryInputs> = {
  type: "holdfast:host:Directory",
  shape: DIRECTORY,
  complete: ({ inputs }) => ({
    inputs: withCanonicalModes(withCanonicalMode(inputs)),
    problems: checkTree(inputs),
  }),
  identity: ["path"],
  id: ({ placement }) => placement.path,
  parse,
  needsSystem: false,
  look: ({ placement: { path }, tree }) =>
    path.includes("\n") ? [] : [{ about: "entry", path }, ...(tree ? questionsOf(tree) : [])],
  see({ placement: { path }, tree }, answers, properties) {
    const entry = answers.get({ about: "entry", path });
    if (entry?.kind !== "directory") return undefined;
    const now = { ...properties, ...attributesNow(properties, entry) };
    return { properties: tree ? { ...now, entries: treeNow(tree, answers) } : now };
  },
  read,
  adopt,
  example: "/srv/app",
  ensure,
  remove,
};
