/** A tree of files in a folder: what it should be, and what the host's answers say that it is. Pure. */
import type { EntryFacts, Answers, ContentsFacts, Inhabitant, Question } from "../../connection/questions.ts";
import { isMap, mapOf, type PlainMap } from "../../grpc/value.ts";
import type { CheckProblem } from "../../resource.ts";
import { contentOf, factsAbout, MAX_CONTENT_BYTES } from "./content.ts";
import { attributesNow, parsePlacement, textOf, withCanonicalMode, type Placement } from "../placement.ts";

/** `placement`: with the absolute path, and the folder's owner and group where it has none of its own. */
interface Common {
  /** From the folder. */
  readonly below: string;
  readonly placement: Placement;
  /** As the inputs say it; nothing of a folder that only what is in it implies. */
  readonly given: PlainMap | undefined;
}
export type TreeEntry =
  | (Common & { readonly kind: "directory" })
  | (Common & { readonly kind: "file"; readonly content: Buffer })
  | (Common & { readonly kind: "symlink"; readonly target: string });

export interface Tree {
  readonly root: Placement;
  /** Folders before what is in them. */
  readonly entries: readonly TreeEntry[];
  readonly purge: boolean;
}

/** A folder's key ends with a slash, so that a plan shows what is one. */
export const keyIn = ({
  below,
  kind,
}: Pick<TreeEntry, "below"> & { readonly kind: Inhabitant["kind"] }): string =>
  kind === "directory" ? `${below}/` : below;

/** What a read puts there for what is not of the tree. */
const FOUND = "found";

function entryOf(root: Placement, key: string, given: PlainMap | undefined): TreeEntry {
  const below = key.replace(/\/$/, "");
  const { owner, group } = root;
  const { path: _path, ...own } = parsePlacement({ ...given, path: below });
  const placement: Placement = {
    path: `${root.path}/${below}`,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...own,
  };
  const target = textOf(given ?? {}, "target");
  if (key.endsWith("/")) return { below, placement, given, kind: "directory" };
  if (target !== undefined) return { below, placement, given, kind: "symlink", target };
  return { below, placement, given, kind: "file", content: contentOf(given ?? {}) ?? Buffer.alloc(0) };
}

/** Keys of the folders that a path of the tree lies in. */
export const foldersAbove = (key: string): readonly string[] =>
  [...key.matchAll(/\/(?=.)/g)].map(({ index }) => key.slice(0, index + 1));

/** Undefined: the folder's inputs say nothing of a tree. */
export function parseTree(root: Placement, properties: PlainMap): Tree | undefined {
  const map = properties["entries"];
  if (!isMap(map)) return undefined;
  const given = Object.entries(map).flatMap(([key, value]) =>
    isMap(value) && value[FOUND] === undefined ? [[key, value] as const] : [],
  );
  const implied = given.flatMap(([key]) => foldersAbove(key)).map(key => [key, undefined] as const);
  const all = new Map<string, PlainMap | undefined>([...implied, ...given]);
  const entries = [...all].map(([key, value]) => entryOf(root, key, value));
  const depth = ({ below }: TreeEntry): number => below.split("/").length;
  return {
    root,
    entries: entries.toSorted((one, other) => depth(one) - depth(other)),
    purge: properties["purge"] === true,
  };
}

/** How shallow a folder may be whose strangers are removed: /etc is not. */
const LEAST_DEPTH = 2;

function problemsOf(key: string, entry: PlainMap): readonly string[] {
  const given = ["content", "contentBase64", "target"].filter(name => entry[name] !== undefined);
  if (key.endsWith("/")) return given.length > 0 ? [`is a folder, which has no ${given.join(", ")}`] : [];
  if (given.length !== 1) return ["must hold one of content, contentBase64 and target"];
  return given[0] === "target" && entry["mode"] !== undefined ? ["is a symlink, which has no mode"] : [];
}

/** What a shape cannot say. */
export function checkTree(inputs: PlainMap): readonly CheckProblem[] {
  const map = inputs["entries"];
  const path = textOf(inputs, "path") ?? "/a/b";
  const purge = inputs["purge"] === true;
  if (map === undefined) return purge ? [{ property: "purge", reason: "needs a tree: give source" }] : [];
  if (!isMap(map)) return [];
  const flaws = Object.entries(map).flatMap(([key, entry]) =>
    (isMap(entry) ? problemsOf(key, entry) : []).map(reason => ({
      property: `entries[${JSON.stringify(key)}]`,
      reason,
    })),
  );
  const blocked = Object.keys(map)
    .flatMap(key => [...foldersAbove(key), ...(key.endsWith("/") ? [key] : [])])
    .find(folder => map[folder.slice(0, -1)] !== undefined);
  if (blocked !== undefined) flaws.push({ property: "entries", reason: `${blocked} is a file and a folder` });
  const bytes = Object.values(map).reduce<number>(
    (sum, entry) => sum + (isMap(entry) ? (contentOf(entry)?.length ?? 0) : 0),
    0,
  );
  if (bytes > MAX_CONTENT_BYTES) {
    const reason = `hold ${bytes} bytes; ${MAX_CONTENT_BYTES} is the most (they are kept in the state)`;
    flaws.push({ property: "entries", reason });
  }
  if (path.includes("\n"))
    flaws.push({ property: "path", reason: "must not hold a line break above a tree" });
  if (purge && path.split("/").length <= LEAST_DEPTH)
    flaws.push({ property: "purge", reason: `is not done right below /: ${path}` });
  return flaws;
}

export function withCanonicalModes(inputs: PlainMap): PlainMap {
  const map = inputs["entries"];
  if (!isMap(map)) return inputs;
  const canonical = Object.entries(map).map(
    ([key, entry]) => [key, isMap(entry) ? withCanonicalMode(entry) : entry] as const,
  );
  return { ...inputs, entries: mapOf(canonical) };
}

export const contentsQuestion = ({ root }: Tree) => ({ about: "contents", path: root.path }) as const;

export const entryQuestion = ({ placement }: TreeEntry) =>
  ({ about: "entry", path: placement.path }) as const;

export const questionsOf = (tree: Tree): readonly Question[] => [
  ...tree.entries.map(entryQuestion),
  ...(tree.purge ? [contentsQuestion(tree)] : []),
];

/** Facts about an entry; undefined where it is missing, or something else is in its place. */
export function factsIn(entry: TreeEntry, answers: Answers): EntryFacts | undefined {
  const facts = answers.get(entryQuestion(entry));
  return facts?.kind === entry.kind ? facts : undefined;
}

/** Whether a file's content, or where a link leads, is as it should be. */
export function isInsideEqual(entry: TreeEntry, facts: EntryFacts): boolean {
  if (entry.kind === "file") return factsAbout(entry.content)["checksum"] === facts.checksum;
  return entry.kind === "directory" || entry.target === facts.target;
}

/** What a checksum stands for is told by whoever reads the file. */
function insideNow(entry: TreeEntry, given: PlainMap, facts: EntryFacts): PlainMap {
  if (isInsideEqual(entry, facts)) return given;
  if (entry.kind === "symlink") return { ...given, target: facts.target ?? "" };
  const { content: _content, contentBase64: _base64, ...rest } = given;
  return { ...rest, content: `sha256 ${facts.checksum ?? "unknown"}` };
}

/** The folder's owner and group are said at an entry only where it has others. */
function attributesOf({ placement }: TreeEntry, given: PlainMap, facts: EntryFacts): PlainMap {
  const accounts = mapOf(
    (["owner", "group"] as const).flatMap(name => {
      const wanted = placement[name];
      return wanted === undefined ? [] : [[name, wanted] as const];
    }),
  );
  const now = Object.entries(attributesNow({ ...given, ...accounts }, facts));
  return mapOf(now.filter(([name, value]) => given[name] !== undefined || value !== accounts[name]));
}

/** Undefined: there is nothing to say. A link's owner is nobody's matter. */
function entryNow(entry: TreeEntry, facts: EntryFacts): PlainMap | undefined {
  const { given } = entry;
  if (!given) return undefined;
  const inside = insideNow(entry, given, facts);
  return entry.kind === "symlink" ? inside : { ...inside, ...attributesOf(entry, given, facts) };
}

/** Files that are being written by us, now, or by one of us that was killed. */
const isUnfinished = (below: string): boolean => /(^|\/)\.holdfast-[A-Za-z0-9]+(\/|$)/.test(below);

/** What is in the folder and not of the tree; of a folder with all that is in it, only the folder. */
export function strangersIn({ entries }: Tree, { inhabitants }: ContentsFacts): readonly Inhabitant[] {
  const ours = new Set(entries.map(keyIn));
  const keyOf = ({ path, kind }: Inhabitant): string => keyIn({ below: path, kind });
  // A symlink and a file have the same key: one in the place of the other is replaced as it is.
  const strangers = inhabitants.filter(one => !ours.has(keyOf(one)) && !isUnfinished(one.path));
  const folders = new Set(strangers.filter(({ kind }) => kind === "directory").map(({ path }) => `${path}/`));
  return strangers.filter(({ path }) => !foldersAbove(path).some(folder => folders.has(folder)));
}

/** The whole tree as it is, strangers among it. */
export function treeNow(tree: Tree, answers: Answers): PlainMap {
  const own = tree.entries.flatMap(entry => {
    const facts = factsIn(entry, answers);
    const now = facts && entryNow(entry, facts);
    return now ? [[keyIn(entry), now] as const] : [];
  });
  const contents = tree.purge ? answers.get(contentsQuestion(tree)) : undefined;
  const strangers = (contents ? strangersIn(tree, contents) : []).map(
    one => [keyIn({ below: one.path, kind: one.kind }), { [FOUND]: one.kind }] as const,
  );
  const more = contents?.cut ? [["…", { [FOUND]: "more than can be told" }] as const] : [];
  return mapOf<PlainMap>([...own, ...strangers, ...more]);
}
