/**
 * Comments after the last item of a list or map. YAML readers do not agree on whose they are, and SOPS seals a comment with the
 * path of its place. So they move to where all agree: before what comes next (which is what the sops tool does as well).
 */
import { type Document, isMap, isScalar, isSeq, Scalar } from "yaml";

export interface Commented {
  commentBefore?: string | null | undefined;
  comment?: string | null | undefined;
}

export const METADATA_KEY = "sops";

const linesOf = (comment: string | null | undefined): string[] => (comment ?? "").split("\n").filter(Boolean);

function prepend(node: unknown, lines: readonly string[]): boolean {
  if (lines.length === 0 || !(isScalar(node) || isMap(node) || isSeq(node))) return false;
  const own = node.commentBefore;
  node.commentBefore = [...lines, ...(own ? [own] : [])].join("\n");
  return true;
}

/** Takes the comments after a node's end away from it. */
function lift(node: unknown): string[] {
  if (isScalar(node)) {
    const [inline, ...rest] = linesOf(node.comment);
    if (rest.length > 0) node.comment = inline;
    return rest;
  }
  let waiting: string[] = [];
  if (isMap(node))
    for (const { key, value } of node.items) {
      if (prepend(key, waiting)) waiting = [];
      waiting.push(...lift(value));
    }
  else if (isSeq(node))
    for (const item of node.items) {
      if (prepend(item, waiting)) waiting = [];
      waiting.push(...lift(item));
    }
  else return [];
  const own = linesOf(node.comment);
  node.comment = null;
  return [...waiting, ...own];
}

/** Moves comments between items; those after everything end at the document, also those before the `sops` part. */
export function liftComments(root: Document.Parsed): void {
  const rest = lift(root.contents);
  const sops = isMap(root.contents)
    ? root.contents.items.find(({ key }) => isScalar(key) && key.value === METADATA_KEY)?.key
    : undefined;
  const before = isScalar(sops) ? linesOf(sops.commentBefore) : [];
  if (isScalar(sops)) sops.commentBefore = null;
  root.comment = [...before, ...rest, ...linesOf(root.comment)].join("\n") || null;
}

/** The key of a new `sops` part, with the document's last comments before it. */
export function metadataKey(root: Document.Parsed): Scalar {
  const key = new Scalar(METADATA_KEY);
  if (root.comment) key.commentBefore = root.comment;
  root.comment = null;
  return key;
}
