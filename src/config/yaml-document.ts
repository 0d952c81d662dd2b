/** YAML (and JSON) of people we do not know, with the place of everything in it. */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from "yaml";
import type { Place, Problem } from "../engine/failure.ts";
import { repeatedKeys } from "../process/repeated-keys.ts";

/** A parsed file. */
export interface YamlDocument {
  readonly value: unknown;
  /** Place of a value, or with `atKey` of the key itself; the nearest one around it where the path is not there. */
  place(path: readonly PropertyKey[], atKey?: boolean): Place;
}

/** Enough for any hand-written file; each use of an alias may double what comes out. */
const MAX_ALIASES = 50;

/** Syntax errors said of one file: the rest mostly follows from the first few. */
const MAX_ERRORS = 10;

type Found = { readonly offset: number; readonly node: unknown };

function step(doc: Document, from: Found, key: PropertyKey, atKey: boolean): Found | undefined {
  const node = isAlias(from.node) ? from.node.resolve(doc) : from.node;
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return isNode(item) && item.range ? { offset: item.range[0], node: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key: k }) => String(isScalar(k) ? k.value : k) === String(key));
  if (!pair) return undefined;
  const at = atKey || !isNode(pair.value) || !pair.value.range ? pair.key : pair.value;
  return { offset: isNode(at) && at.range ? at.range[0] : from.offset, node: pair.value };
}

function locate(doc: Document, path: readonly PropertyKey[], atKey: boolean): number {
  let found: Found = { offset: 0, node: doc.contents };
  for (const [index, key] of path.entries()) {
    const next = step(doc, found, key, atKey && index === path.length - 1);
    if (!next) break;
    found = next;
  }
  return found.offset;
}

/** Characters of the parser's own words: it quotes what it does not understand, however long that is. */
const MAX_SAID = 300;

const TWICE = "this key is there twice; keep one of them";

function sayError(error: { code: string; message: string }): string {
  if (error.code === "MULTIPLE_DOCS") return "more than one YAML document in the file; keep one";
  const said = error.message.slice(0, MAX_SAID).replace(/\s+/g, " ");
  return `not valid YAML: ${said}${error.message.length > MAX_SAID ? "…" : ""}`;
}

const problem = (message: string, place: Place): { problems: Problem[] } => ({
  problems: [{ message, place }],
});

/** Parses `text` of `file`; all errors of the syntax at once. Duplicate keys, tags and alias bombs are errors. */
export function parseYaml(file: string, text: string): YamlDocument | { readonly problems: Problem[] } {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    // JSON may be indented with tabs, YAML may not; a tab inside a JSON string is written \t.
    const source = file.endsWith(".json") ? text.replaceAll("\t", " ") : text;
    // Its warnings would go to the daemon's log, with pieces of the file.
    const doc = parseDocument(source, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: "error",
    });
    const wrong = [...doc.errors, ...doc.warnings].slice(0, MAX_ERRORS);
    const repeated = repeatedKeys(doc, MAX_ERRORS);
    if (wrong.length + repeated.length > 0)
      return {
        problems: [
          ...wrong.map(error => ({ message: sayError(error), place: placeAt(error.pos[0]) })),
          ...repeated.map(offset => ({ message: TWICE, place: placeAt(offset) })),
        ],
      };
    const value: unknown = doc.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, place: (path, atKey = false) => placeAt(locate(doc, path, atKey)) };
  } catch (error) {
    // The library throws ReferenceError for too many aliases, RangeError where nesting overflows the stack.
    if (error instanceof ReferenceError) return problem(`aliases: ${error.message}`, { file });
    if (error instanceof RangeError) return problem("nested too deeply", { file });
    throw error;
  }
}
