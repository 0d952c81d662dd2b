/**
 * One form for a resource's properties, so that what a plan shows (from the engine's events) and what the engine
 * says when it begins a step (journal entries) can be compared. Tried with CLI 3.259.0:
 *
 * - Events never shorten strings. A secret is `{ [SIGNATURE]: SECRET, ciphertext: "[secret]" }`, and a *plain*
 *   string that holds the value of a secret of the config has that part replaced by "[secret]". The journal has the
 *   real ciphertext, and the plain string as it is: hence `fits` and not equality.
 * - Of a text asset the events keep hash and signature only; the journal has its text as well.
 * - An unknown value is UNKNOWN_VALUE in the events; in the journal it never is, because steps begin with known inputs.
 */
import { createHash } from "node:crypto";
import { SECRET_MASK, UNKNOWN_VALUE } from "./plan.ts";

/** The key that marks a special value, and the marks (sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Longer strings are kept as their digest: a plan is stored, and nobody reads more than this of one value. */
export const LONGEST_STRING = 32 * 1024;
/** Deeper than any real resource; keeps a hostile value from exhausting the stack. */
const DEEPEST = 64;

/** A long string's stand-in: its first line's beginning, its length and its SHA-256. */
function digestOf(text: string): string {
  return `[${text.length} characters, sha256 ${createHash("sha256").update(text).digest("hex")}]`;
}

// A text that has a masked part is kept whole: its digest would differ from that of the text in the journal.
const shorten = (text: string): string =>
  text.length > LONGEST_STRING && !text.includes(SECRET_MASK) ? digestOf(text) : text;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function special(value: Record<string, unknown>, depth: number): unknown {
  const mark = value[SIGNATURE];
  if (mark === SECRET) return SECRET_MASK;
  if (mark === OUTPUT) {
    if (value["secret"] === true) return SECRET_MASK;
    return "value" in value ? form(value["value"], depth + 1) : UNKNOWN_VALUE;
  }
  if (mark === ASSET) return { asset: value["hash"] ?? null };
  if (mark === ARCHIVE) return { archive: value["hash"] ?? null };
  return undefined;
}

function form(value: unknown, depth: number): unknown {
  if (typeof value === "string") return shorten(value);
  if (depth > DEEPEST) return "[too deep]";
  if (Array.isArray(value)) return value.map(item => form(item, depth + 1));
  if (!isObject(value)) return value;
  const marked = typeof value[SIGNATURE] === "string" ? special(value, depth) : undefined;
  if (marked !== undefined) return marked;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, form(item, depth + 1)]));
}

/** Secrets as "[secret]", unknown values as UNKNOWN_VALUE, assets as their hash, long strings as their digest. */
export function propertiesForm(properties: unknown): Readonly<Record<string, unknown>> {
  const formed = form(isObject(properties) ? properties : {}, 0);
  return isObject(formed) ? formed : {};
}

/** Whether `actual` holds the parts of a partly masked text in this order; linear, for texts of any kind. */
function partsFit(parts: readonly string[], actual: string): boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!actual.startsWith(first)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = actual.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return actual.length - last.length >= from && actual.endsWith(last);
}

function textFits(planned: string, actual: unknown): boolean {
  if (planned === UNKNOWN_VALUE || planned === SECRET_MASK || planned === actual) return true;
  // Masked and long: of the text itself only the digest is left on the other side, which no masked text has.
  if (planned.length > LONGEST_STRING) return planned.includes(SECRET_MASK);
  if (typeof actual !== "string" || !planned.includes(SECRET_MASK)) return false;
  return partsFit(planned.split(SECRET_MASK), actual);
}

/**
 * Whether what is about to be done is what was planned: equal, but that an unknown or masked planned value fits any.
 * Both sides in `propertiesForm`. A key that is null on one side and missing on the other is the same.
 */
export function fits(planned: unknown, actual: unknown): boolean {
  if (typeof planned === "string") return textFits(planned, actual);
  if (Array.isArray(planned)) {
    return (
      Array.isArray(actual) &&
      planned.length === actual.length &&
      planned.every((item, index) => fits(item, actual[index]))
    );
  }
  if (!isObject(planned)) return planned === actual || (planned ?? null) === (actual ?? null);
  if (!isObject(actual)) return false;
  const keys = new Set([...Object.keys(planned), ...Object.keys(actual)]);
  return [...keys].every(key => fits(planned[key] ?? null, actual[key] ?? null));
}
