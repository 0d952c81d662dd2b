/** Dotenv secrets files as sops has them: `NAME=value` lines, `#` comments, a line end inside a value written as \n, no quoting. */
import { checkKey, MAX_VALUES, type Metadata, type SecretDocument, type Slot } from "./document.ts";
import { plainValue, textLeaf, type Leaf } from "./leaf.ts";
import { flatten, unflatten } from "./flat-metadata.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { plainText } from "./yaml-scalar.ts";

const PREFIX = "sops_";

interface Line {
  /** undefined: a comment. */
  readonly key: string | undefined;
  leaf: Leaf;
}

function parseLine(line: string): Line | undefined {
  if (line.startsWith("#")) return { key: undefined, leaf: { type: "comment", text: line.slice(1) } };
  const equals = line.indexOf("=");
  if (equals < 0) return undefined;
  return { key: line.slice(0, equals), leaf: textLeaf(line.slice(equals + 1).replaceAll("\\n", "\n")) };
}

function printLine({ key, leaf }: Line): string {
  if (key === undefined) return `#${leaf.text}\n`;
  const text = leaf.type === "str" ? leaf.text.replaceAll("\n", "\\n") : plainText(leaf);
  return `${key}=${text}\n`;
}

function slotOf(line: Line): Slot {
  const set = (leaf: Leaf): void => {
    line.leaf = leaf;
  };
  const path = line.key === undefined ? [] : [line.key];
  return { comment: line.key === undefined, path, get: () => line.leaf, set };
}

function parseLines(text: string): Outcome<Line[]> {
  const lines: Line[] = [];
  const seen = new Set<string>();
  for (const [index, source] of text.split("\n").entries()) {
    if (source === "") continue;
    const line = parseLine(source);
    if (!line) return fault(`line ${index + 1} is neither NAME=value nor a # comment`);
    const { key } = line;
    if (key !== undefined) {
      const allowed = checkKey(key);
      if (!allowed.ok) return allowed;
      if (seen.has(key)) return fault(`line ${index + 1}: ${key} comes twice`);
      seen.add(key);
    }
    lines.push(line);
  }
  return lines.length > MAX_VALUES ? fault(`it has more than ${MAX_VALUES} values`) : good(lines);
}

export function parseEnv(text: string): Outcome<SecretDocument> {
  const parsed = parseLines(text);
  if (!parsed.ok) return parsed;
  const isMetadata = (line: Line): boolean => line.key?.startsWith(PREFIX) ?? false;
  const body = parsed.value.filter(line => !isMetadata(line));
  const flat = parsed.value.filter(isMetadata);
  const metadata = unflatten(flat.map(line => [line.key?.slice(PREFIX.length) ?? "", line.leaf.text]));
  if (!metadata.ok) return metadata;
  return good({
    slots: body.map(slotOf),
    metadata: flat.length > 0 ? metadata.value : undefined,
    tree: () =>
      Object.fromEntries(
        body.flatMap(({ key, leaf }) => (key === undefined ? [] : [[key, plainValue(leaf)]])),
      ),
    text(sops?: Metadata) {
      const extra = flatten(sops ?? {}).map(([key, value]): Line => ({
        key: PREFIX + key,
        leaf: textLeaf(value),
      }));
      return [...body, ...extra].map(printLine).join("");
    },
  });
}
