/**
 * Do the inputs of a step that is about to run fit those that the plan showed? The plan comes from the engine's events:
 * secrets read "[secret]", unknown values are a marker. The journal holds the same properties with secrets encrypted.
 */
import { SECRET_MASK, UNKNOWN_VALUE } from "../../engine/ports/plan.ts";
import { SECRET_SIGNATURE, SIGNATURE, isObject, type Json } from "../deployment/types.ts";

/** Signatures of assets and archives: events tell their hash or path, the journal more. */
const ASSETS = ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"];

const isSecret = (value: unknown): boolean => isObject(value) && value[SIGNATURE] === SECRET_SIGNATURE;
const isAsset = (value: unknown): value is Json =>
  isObject(value) && ASSETS.includes(String(value[SIGNATURE]));

/** Events also mask a secret of the configuration where it is part of a longer string. */
function fitsMask(planned: string, actual: string): boolean {
  const [first = "", ...rest] = planned.split(SECRET_MASK);
  const last = rest.pop();
  if (last === undefined) return planned === actual;
  if (!actual.startsWith(first) || !actual.endsWith(last)) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = actual.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from + last.length <= actual.length;
}

/** What a provider filled in by itself in Check (random names among it) differs from one Check to the next. */
function filledIn(inputs: Json): ReadonlySet<string> {
  const names = Array.isArray(inputs.__defaults) ? inputs.__defaults : [];
  return new Set(names.filter(name => typeof name === "string"));
}

function fitsObject(planned: Json, actual: Json): boolean {
  const free = filledIn(actual);
  const keys = new Set([...Object.keys(planned), ...Object.keys(actual)]);
  return [...keys].every(key => key.startsWith("__") || free.has(key) || fits(planned[key], actual[key]));
}

/** Only what both tell; the events strip contents. */
function fitsAsset(planned: Json, actual: Json): boolean {
  return ["hash", "path", "uri"].every(
    key => planned[key] === undefined || actual[key] === undefined || planned[key] === actual[key],
  );
}

/** Pure. `null` and absent are the same; an unknown in the plan fits everything. */
export function fits(planned: unknown, actual: unknown): boolean {
  if (planned === UNKNOWN_VALUE) return true;
  if (isSecret(planned)) return isSecret(actual) || actual === SECRET_MASK;
  if (isSecret(actual)) return planned === SECRET_MASK;
  if (typeof planned === "string" && typeof actual === "string") return fitsMask(planned, actual);
  if (Array.isArray(planned) && Array.isArray(actual))
    return planned.length === actual.length && planned.every((item, index) => fits(item, actual[index]));
  if (isAsset(planned) && isAsset(actual)) return fitsAsset(planned, actual);
  if (isObject(planned) && isObject(actual)) return fitsObject(planned, actual);
  return (planned ?? null) === (actual ?? null);
}
