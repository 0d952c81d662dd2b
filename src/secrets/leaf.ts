/**
 * One value of a SOPS file in the form that SOPS encrypts and hashes: a type and the bytes of its text
 * (sops v3.13 ToBytes: integers in decimal, floats without exponent, booleans `True` and `False`).
 */
export const LEAF_TYPES = ["str", "int", "float", "bool", "bytes", "time", "comment"] as const;
export type LeafType = (typeof LEAF_TYPES)[number];

export interface Leaf {
  readonly type: LeafType;
  readonly text: string;
}

export const isLeafType = (type: string): type is LeafType => LEAF_TYPES.some(known => known === type);
export const textLeaf = (text: string): Leaf => ({ type: "str", text });

/** SOPS holds integers as int64. */
const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;

/** An integer leaf, or undefined beyond int64. */
export function intLeaf(value: bigint): Leaf | undefined {
  return value < MIN_INT || value > MAX_INT ? undefined : { type: "int", text: value.toString() };
}

/** Shortest decimal text without exponent, as Go's FormatFloat(v, 'f', -1, 64) writes it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "0", exponent] = String(Math.abs(value)).split("e");
  if (exponent === undefined) return sign + mantissa;
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, "0");
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const NON_FINITE: Record<string, number> = { NaN: NaN, "+Inf": Infinity, "-Inf": -Infinity };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Whether the text is written as SOPS writes this type. The type is not authenticated, so a changed one must not pass easily. */
export function isCanonical({ type, text }: Leaf): boolean {
  if (type === "int") return /^(0|-?[1-9]\d*)$/.test(text) && intLeaf(BigInt(text)) !== undefined;
  if (type === "float") return text in NON_FINITE || (text !== "" && floatText(Number(text)) === text);
  if (type === "bool") return text === "True" || text === "False";
  if (type === "time") return TIME.test(text);
  return true;
}

/**
 * The value for a config. A number that JSON or a double cannot hold exactly (beyond 2^53, infinite, not a number)
 * is given as its text; so are times and bytes.
 */
export function plainValue({ type, text }: Leaf): string | number | boolean {
  if (type === "bool") return text === "True";
  if (type === "int") return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  if (type === "float") return text in NON_FINITE ? text : Number(text);
  return text;
}
