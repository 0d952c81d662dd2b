/** A JSON reader that keeps what JSON.parse loses and SOPS's MAC needs: the order of all keys, and each number's own text. */
import { checkKey, MAX_DEPTH, MAX_VALUES } from "./document.ts";
import { floatText, intLeaf, textLeaf, type Leaf } from "./leaf.ts";
import { fault, good, type Outcome } from "./outcome.ts";

export interface JsonLeaf {
  kind: "leaf";
  leaf: Leaf;
}
export interface JsonObject {
  kind: "object";
  entries: [string, JsonNode][];
}
export interface JsonArray {
  kind: "array";
  items: JsonNode[];
}
export type JsonNode = JsonLeaf | JsonObject | JsonArray | { kind: "null" };

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(true|false|null))/y;

class Refused extends Error {}

/** int where it is an integer of int64, otherwise float (sops v3.13 normalizeJSONNumber). */
function numberLeaf(text: string): Leaf {
  const int = /^-?\d+$/.test(text) ? intLeaf(BigInt(text)) : undefined;
  // JSON's -0 is the integer 0 to Go.
  if (int) return int;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Refused("a number is too large");
  return { type: "float", text: floatText(value) };
}

/** Reads one JSON value. */
export function parseJson(text: string): Outcome<JsonNode> {
  let at = 0;
  let count = 0;
  const line = (): number => text.slice(0, at).split("\n").length;
  const wrong = (): never => {
    throw new Refused(`line ${line()}`);
  };
  function next(): RegExpExecArray {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text) ?? wrong();
    at = TOKEN.lastIndex;
    return match;
  }
  const stringOf = (quoted: string): string => String(JSON.parse(quoted));

  function object(depth: number): JsonNode {
    const entries: [string, JsonNode][] = [];
    const seen = new Set<string>();
    let token = next();
    if (token[1] === "}") return { kind: "object", entries };
    for (;;) {
      const key = stringOf(token[2] ?? wrong());
      const allowed = checkKey(key);
      if (!allowed.ok) throw new Refused(allowed.why);
      if (seen.has(key)) throw new Refused(`line ${line()}: a key comes twice`);
      seen.add(key);
      if (next()[1] !== ":") wrong();
      entries.push([key, value(next(), depth)]);
      const end = next()[1];
      if (end === "}") return { kind: "object", entries };
      if (end !== ",") wrong();
      token = next();
    }
  }
  function array(depth: number): JsonNode {
    const items: JsonNode[] = [];
    let token = next();
    if (token[1] === "]") return { kind: "array", items };
    for (;;) {
      items.push(value(token, depth));
      const end = next()[1];
      if (end === "]") return { kind: "array", items };
      if (end !== ",") wrong();
      token = next();
    }
  }
  function value(token: RegExpExecArray, depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new Refused(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (++count > MAX_VALUES) throw new Refused(`it has more than ${MAX_VALUES} values`);
    const [, sign, quoted, number, word] = token;
    if (sign === "{") return object(depth + 1);
    if (sign === "[") return array(depth + 1);
    if (quoted !== undefined) return { kind: "leaf", leaf: textLeaf(stringOf(quoted)) };
    if (number !== undefined) return { kind: "leaf", leaf: numberLeaf(number) };
    if (word === "null") return { kind: "null" };
    if (word !== undefined)
      return { kind: "leaf", leaf: { type: "bool", text: word === "true" ? "True" : "False" } };
    return wrong();
  }

  try {
    const node = value(next(), 0);
    return /^[ \t\r\n]*$/.test(text.slice(at)) ? good(node) : wrong();
  } catch (error) {
    if (error instanceof Refused) return fault(`it is not valid JSON (${error.message})`);
    throw error;
  }
}
