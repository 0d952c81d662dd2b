/** YAML secrets files: layout, quoting and comments of what is not touched stay as they are. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { SecretTree } from "../engine/ports/secrets.ts";
import { repeatedKeys } from "../process/repeated-keys.ts";
import {
  checkKey,
  MAX_DEPTH,
  MAX_VALUES,
  type Metadata,
  type SecretDocument,
  type Slot,
} from "./document.ts";
import { type Leaf, plainValue, textLeaf } from "./leaf.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { type Commented, liftComments, METADATA_KEY, metadataKey } from "./yaml-comments.ts";
import { plainText, resolvePlain } from "./yaml-scalar.ts";

type Tree = Document.Parsed;

/** A leaf of a scalar; null for YAML's null; undefined for an integer that sops cannot hold. */
function leafOf(node: Scalar): Leaf | null | undefined {
  const text = typeof node.value === "string" ? node.value : (node.source ?? "");
  if (node.type !== undefined && node.type !== Scalar.PLAIN) return textLeaf(text);
  return node.tag === "tag:yaml.org,2002:str" ? textLeaf(text) : resolvePlain(text);
}

/** Written plainly, these would be read as something else, or be broken by a line end of YAML's. */
const NEEDS_ESCAPES = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

function write(node: Scalar, leaf: Leaf): void {
  delete node.source;
  delete node.tag;
  if (leaf.type !== "str" && leaf.type !== "bytes") {
    node.value = plainText(leaf);
    node.type = Scalar.PLAIN;
    return;
  }
  const plain = resolvePlain(leaf.text);
  const ambiguous = plain?.type !== "str" || leaf.text === "<<" || /^(y|yes|n|no|on|off)$/i.test(leaf.text);
  node.value = leaf.text;
  if (ambiguous || NEEDS_ESCAPES.test(leaf.text)) node.type = Scalar.QUOTE_DOUBLE;
  else node.type = leaf.text.includes("\n") ? Scalar.BLOCK_LITERAL : Scalar.PLAIN;
}

/** Each line of a comment is a comment of its own in SOPS. */
function commentSlots(node: Commented, where: "commentBefore" | "comment", path: readonly string[]): Slot[] {
  const lines = (): string[] => (node[where] ?? "").split("\n");
  return lines().flatMap((line, index) => {
    if (line === "") return [];
    const set = (leaf: Leaf): void => {
      node[where] = lines().with(index, leaf.text).join("\n");
    };
    return [{ comment: true, path, get: (): Leaf => ({ type: "comment", text: lines()[index] ?? "" }), set }];
  });
}

class Refused extends Error {
  readonly hint: string | undefined;
  constructor(why: string, hint?: string) {
    super(why);
    this.hint = hint;
  }
}

function keyOf(key: unknown, path: readonly string[]): string {
  if (!isScalar(key)) throw new Refused(`a key at ${path.join(".") || "the top"} is not text`);
  const leaf = leafOf(key);
  if (leaf?.type !== "str")
    throw new Refused(`the key ${String(key.value)} is not text`, "put the key in quotes");
  const allowed = checkKey(leaf.text);
  if (!allowed.ok) throw new Refused(allowed.why);
  return leaf.text;
}

/** Values and comments below a node, in document order. Throws `Refused`. */
function collect(root: Tree): { slots: Slot[]; leaves: Map<Scalar, Leaf> } {
  const slots: Slot[] = [];
  const leaves = new Map<Scalar, Leaf>();
  const before = (node: Commented, path: readonly string[]): void => {
    slots.push(...commentSlots(node, "commentBefore", path));
  };
  const after = (node: Commented, path: readonly string[]): void => {
    slots.push(...commentSlots(node, "comment", path));
  };
  function scalar(node: Scalar, path: readonly string[]): void {
    if (node.tag !== undefined && node.tag !== "tag:yaml.org,2002:str")
      throw new Refused(`the value at ${path.join(".")} has a YAML tag`, "write the value without a tag");
    const leaf = leafOf(node);
    if (leaf === undefined)
      throw new Refused(`the number at ${path.join(".")} is too large`, "put it in quotes");
    if (leaf === null) return;
    leaves.set(node, leaf);
    const set = (next: Leaf): void => {
      leaves.set(node, next);
      write(node, next);
    };
    slots.push({ comment: false, path, get: () => leaves.get(node) ?? leaf, set });
    if (slots.length > MAX_VALUES) throw new Refused(`it has more than ${MAX_VALUES} values`);
  }
  /** `inside` is the path of the map or list that holds the node, which is where SOPS sees a scalar's comments. */
  function visit(node: unknown, path: readonly string[], inside: readonly string[], depth: number): void {
    if (depth > MAX_DEPTH) throw new Refused(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (isAlias(node)) throw new Refused("it uses a YAML alias (*name)", "write the value out");
    if (isScalar(node)) {
      before(node, inside);
      scalar(node, path);
      after(node, inside);
    } else if (isMap(node)) {
      before(node, path);
      for (const pair of node.items) {
        const key = keyOf(pair.key, path);
        if (depth === 0 && key === METADATA_KEY) continue;
        if (isScalar(pair.key)) before(pair.key, path);
        visit(pair.value, [...path, key], path, depth + 1);
        if (isScalar(pair.key)) after(pair.key, path);
      }
      after(node, path);
    } else if (isSeq(node)) {
      before(node, path);
      for (const item of node.items) visit(item, path, path, depth + 1);
      after(node, path);
    } else if (node !== null) throw new Refused(`${path.join(".") || "it"} is neither value, list nor map`);
  }
  before(root, []);
  if (!isMap(root.contents)) throw new Refused("its top is not a map of names to values");
  visit(root.contents, [], [], 0);
  after(root, []);
  return { slots, leaves };
}

type Plain = (leaf: Leaf) => unknown;

/** sops writes comments of a list as items of it (`walkSlice`): such an item is no value. */
const isListComment = (item: unknown, leaves: Map<Scalar, Leaf>): item is Scalar =>
  isScalar(item) && leaves.get(item)?.type === "comment";

function toPlain(node: unknown, leaves: Map<Scalar, Leaf>, plain: Plain): unknown {
  if (isMap(node))
    return Object.fromEntries(
      node.items.map(({ key, value }) => [
        isScalar(key) ? String(key.value) : "",
        toPlain(value, leaves, plain),
      ]),
    );
  if (isSeq(node))
    return node.items.filter(item => !isListComment(item, leaves)).map(item => toPlain(item, leaves, plain));
  if (!isScalar(node)) return null;
  const leaf = leaves.get(node) ?? leafOf(node);
  return leaf ? plain(leaf) : null;
}

/** Comments that are list items become comments before the next item. */
function settle(node: unknown, leaves: Map<Scalar, Leaf>): void {
  if (isMap(node)) node.items.forEach(pair => settle(pair.value, leaves));
  if (!isSeq(node)) return;
  let waiting: string[] = [];
  const kept: unknown[] = [];
  for (const item of node.items) {
    if (isListComment(item, leaves)) {
      waiting.push(leaves.get(item)?.text ?? "");
      continue;
    }
    if (waiting.length > 0 && (isScalar(item) || isMap(item) || isSeq(item))) {
      item.commentBefore = [...waiting, ...(item.commentBefore ? [item.commentBefore] : [])].join("\n");
      waiting = [];
    }
    kept.push(item);
    settle(item, leaves);
  }
  if (waiting.length > 0) node.comment = [...(node.comment ? [node.comment] : []), ...waiting].join("\n");
  node.items = kept;
}

function metadataNode(value: unknown): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items = value.map(metadataNode);
    return list;
  }
  if (typeof value === "object" && value !== null) {
    const map = new YAMLMap();
    for (const [key, inner] of Object.entries(value))
      map.add({ key: new Scalar(key), value: metadataNode(inner) });
    return map;
  }
  const node = new Scalar("");
  if (typeof value === "string") write(node, textLeaf(value));
  else node.value = String(value);
  return node;
}

function topMap(root: Tree): YAMLMap | undefined {
  return isMap(root.contents) ? root.contents : undefined;
}

function metadataOf(root: Tree): Metadata | undefined {
  const found = topMap(root)?.items.find(({ key }) => isScalar(key) && key.value === METADATA_KEY)?.value;
  if (found === undefined) return undefined;
  const plain = toPlain(found, new Map(), plainValue);
  return typeof plain === "object" && plain !== null ? { ...plain } : {};
}

function withMetadata(root: Tree, metadata: Metadata | undefined): string {
  const map = topMap(root);
  if (map) {
    map.items = map.items.filter(({ key }) => !(isScalar(key) && key.value === METADATA_KEY));
    if (metadata) map.add({ key: metadataKey(root), value: metadataNode(metadata) });
  }
  return root.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const invalid = (text: string, offset: number, code: string): Outcome<never> =>
  fault(`it is not valid YAML (line ${text.slice(0, offset).split("\n").length}: ${code})`);

/** Reads a YAML file. Its errors give the place and the parser's code, never a piece of the text. */
export function parseYaml(text: string): Outcome<SecretDocument> {
  // "failsafe" makes no guesses about types; go's own rules are applied instead. Errors without excerpts.
  try {
    return parseDocuments(text);
  } catch (caught) {
    // The parser, and what walks through its trees, call themselves for each level.
    if (caught instanceof RangeError) return fault("it is nested too deeply");
    throw caught;
  }
}

function parseDocuments(text: string): Outcome<SecretDocument> {
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    prettyErrors: false,
    logLevel: "silent",
    uniqueKeys: false,
  });
  if (!Array.isArray(documents) || documents.length > 1)
    return Array.isArray(documents)
      ? fault(
          `it holds ${documents.length} YAML documents (separated by ---)`,
          "keep one document, or put each into a file of its own",
        )
      : fault("it is empty");
  const [root] = documents;
  if (!root) return fault("it is empty");
  const [error] = root.errors;
  if (error) return invalid(text, error.pos[0], error.code);
  const [repeated] = repeatedKeys(root, 1);
  if (repeated !== undefined) return invalid(text, repeated, "DUPLICATE_KEY");
  liftComments(root);
  try {
    const { slots, leaves } = collect(root);
    return good({
      slots,
      metadata: metadataOf(root),
      tree: () => withoutMetadata(toPlain(root.contents, leaves, plainValue)),
      text(metadata) {
        settle(root.contents, leaves);
        liftComments(root);
        return withMetadata(root, metadata);
      },
    });
  } catch (caught) {
    if (caught instanceof Refused) return fault(caught.message, caught.hint);
    throw caught;
  }
}

function withoutMetadata(plain: unknown): SecretTree {
  const entries = typeof plain === "object" && plain !== null ? Object.entries(plain) : [];
  return Object.fromEntries(entries.filter(([key]) => key !== METADATA_KEY));
}
