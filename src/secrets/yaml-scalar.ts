/**
 * Plain YAML scalars as the sops tool reads them (go.yaml.in/yaml/v3 resolve.go). The type of a value in the clear is part of
 * what the MAC is made of, so it must be read exactly so: `0777` is octal, `2024-01-02` is a time, `yes` is text.
 */
import { floatText, intLeaf, textLeaf, type Leaf } from "./leaf.ts";

const CONSTANTS = new Map<string, Leaf | null>([
  ...["", "~", "null", "Null", "NULL"].map(text => [text, null] as const),
  ...["true", "True", "TRUE"].map(text => [text, { type: "bool", text: "True" }] as const),
  ...["false", "False", "FALSE"].map(text => [text, { type: "bool", text: "False" }] as const),
  ...[".nan", ".NaN", ".NAN"].map(text => [text, { type: "float", text: "NaN" }] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    text => [text, { type: "float", text: "+Inf" }] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map(text => [text, { type: "float", text: "-Inf" }] as const),
]);

const INTEGER = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const UINT64_END = 2n ** 64n;

function integer(text: string): bigint | undefined {
  const [, sign, digits = ""] = INTEGER.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal.toLowerCase());
  return sign === "-" ? -value : value;
}

function float(text: string): Leaf | undefined {
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", text: floatText(value) } : undefined;
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z|[+-]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?))?$/;

function timestamp(text: string): Leaf | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const part = (i: number, other: number): number => Number(match[i] ?? match[other] ?? 0);
  const [year, month, day] = [part(1, 1), part(2, 2), part(3, 3)];
  const [hour, minute, second] = [part(4, 9), part(5, 10), part(6, 11)];
  const daysInMonth = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = (match[7] ?? match[12] ?? "").replace(/\.?0+$/, "");
  const zone = match[8] === undefined || /^[+-]00:00$/.test(match[8]) ? "Z" : match[8];
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = `${match[1]}-${two(month)}-${two(day)}`;
  return { type: "time", text: `${date}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${zone}` };
}

/** What an unquoted scalar means: a leaf, null for YAML's null, undefined for an integer that sops cannot hold. */
export function resolvePlain(text: string): Leaf | null | undefined {
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return constant;
  if (/^\./.test(text)) return float(text) ?? textLeaf(text);
  if (!/^[-+0-9]/.test(text)) return textLeaf(text);
  const time = timestamp(text);
  if (time) return time;
  const bare = text.replaceAll("_", "");
  const value = integer(bare);
  if (value === undefined) return float(bare) ?? textLeaf(text);
  const leaf = intLeaf(value);
  if (leaf) return leaf;
  // Between int64 and uint64 sops stops with an error; beyond, it goes on with a float.
  return value > 0n && value < UINT64_END ? undefined : (float(bare) ?? textLeaf(text));
}

/** How a leaf that is not text is written, so that it is read as the same again. */
export function plainText({ type, text }: Leaf): string {
  if (type === "bool") return text.toLowerCase();
  if (type !== "float") return text;
  if (text === "NaN") return ".nan";
  if (text.endsWith("Inf")) return text === "-Inf" ? "-.inf" : ".inf";
  return text.includes(".") ? text : `${text}.0`;
}
