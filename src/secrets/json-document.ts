/** JSON secrets files, written with tabs as sops writes them. */
import { type Metadata, type SecretDocument, type Slot } from "./document.ts";
import { parseJson, type JsonNode, type JsonObject } from "./json-syntax.ts";
import { plainValue, textLeaf, type Leaf } from "./leaf.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { plainText } from "./yaml-scalar.ts";

const METADATA_KEY = "sops";

function collect(node: JsonNode, path: readonly string[], slots: Slot[]): void {
  if (node.kind === "object") node.entries.forEach(([key, inner]) => collect(inner, [...path, key], slots));
  if (node.kind === "array") node.items.forEach(item => collect(item, path, slots));
  if (node.kind !== "leaf") return;
  const set = (leaf: Leaf): void => {
    node.leaf = leaf;
  };
  slots.push({ comment: false, path, get: () => node.leaf, set });
}

/** A comment that YAML left in a list is no value here either. */
const isValue = (node: JsonNode): boolean => node.kind !== "leaf" || node.leaf.type !== "comment";

function toPlain(node: JsonNode): unknown {
  if (node.kind === "object")
    return Object.fromEntries(node.entries.map(([key, inner]) => [key, toPlain(inner)]));
  if (node.kind === "array") return node.items.filter(isValue).map(toPlain);
  return node.kind === "null" ? null : plainValue(node.leaf);
}

function leafText(leaf: Leaf): string {
  if (leaf.type === "int" || leaf.type === "float" || leaf.type === "bool") {
    const text = plainText(leaf);
    return text.includes("n") || text.includes("i") ? JSON.stringify(leaf.text) : text;
  }
  return JSON.stringify(leaf.text);
}

function print(node: JsonNode, indent: string): string {
  const deeper = `${indent}\t`;
  const block = (open: string, lines: readonly string[], close: string): string =>
    lines.length === 0
      ? open + close
      : `${open}\n${lines.map(line => deeper + line).join(",\n")}\n${indent}${close}`;
  if (node.kind === "object")
    return block(
      "{",
      node.entries.map(([key, inner]) => `${JSON.stringify(key)}: ${print(inner, deeper)}`),
      "}",
    );
  if (node.kind === "array")
    return block(
      "[",
      node.items.filter(isValue).map(item => print(item, deeper)),
      "]",
    );
  return node.kind === "null" ? "null" : leafText(node.leaf);
}

function fromPlain(value: unknown): JsonNode {
  if (Array.isArray(value)) return { kind: "array", items: value.map(fromPlain) };
  if (typeof value === "object" && value !== null)
    return { kind: "object", entries: Object.entries(value).map(([key, inner]) => [key, fromPlain(inner)]) };
  if (typeof value === "boolean")
    return { kind: "leaf", leaf: { type: "bool", text: value ? "True" : "False" } };
  if (typeof value === "number") return { kind: "leaf", leaf: { type: "int", text: String(value) } };
  return { kind: "leaf", leaf: textLeaf(String(value)) };
}

export function parseJsonFile(text: string): Outcome<SecretDocument> {
  const parsed = parseJson(text.replace(/^\ufeff/, ""));
  if (!parsed.ok) return parsed;
  const root = parsed.value;
  if (root.kind !== "object") return fault("its top is not an object of names to values");
  const found = root.entries.find(([key]) => key === METADATA_KEY)?.[1];
  const body: JsonObject = { kind: "object", entries: root.entries.filter(([key]) => key !== METADATA_KEY) };
  const slots: Slot[] = [];
  collect(body, [], slots);
  return good({
    slots,
    metadata: found && { ...(found.kind === "object" ? Object.fromEntries(metadataEntries(found)) : {}) },
    tree: () => Object.fromEntries(body.entries.map(([key, node]) => [key, toPlain(node)])),
    text(metadata?: Metadata) {
      const sops: [string, JsonNode][] = metadata ? [[METADATA_KEY, fromPlain(metadata)]] : [];
      return `${print({ kind: "object", entries: [...body.entries, ...sops] }, "")}\n`;
    },
  });
}

const metadataEntries = (node: JsonObject): [string, unknown][] =>
  node.entries.map(([key, inner]) => [key, toPlain(inner)]);
