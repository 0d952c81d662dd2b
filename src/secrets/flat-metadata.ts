/** The `sops` part of a dotenv file: `age__list_0__map_recipient` for age[0].recipient (sops v3.13 stores/flatten.go). */
import type { Metadata } from "./document.ts";
import { fault, good, type Outcome } from "./outcome.ts";

const MAP = "__map_";
const LIST = "__list_";

function flattenInto(value: unknown, key: string, out: [string, string][]): void {
  if (Array.isArray(value)) value.forEach((item, index) => flattenInto(item, `${key}${LIST}${index}`, out));
  else if (typeof value === "object" && value !== null)
    for (const [name, inner] of Object.entries(value)) flattenInto(inner, `${key}${MAP}${name}`, out);
  else out.push([key, String(value)]);
}

export function flatten(metadata: Metadata): [string, string][] {
  const out: [string, string][] = [];
  for (const [key, value] of Object.entries(metadata)) flattenInto(value, key, out);
  return out;
}

interface Place {
  value?: string;
  readonly inner: Map<string | number, Place>;
}

/** `a__map_b__list_0` → ["a", "b", 0] */
const steps = (key: string): (string | number)[] =>
  key.split(/(?=__map_|__list_)/).map(part => {
    if (part.startsWith(MAP)) return part.slice(MAP.length);
    return part.startsWith(LIST) ? Number(part.slice(LIST.length)) : part;
  });

function toValue({ value, inner }: Place): unknown {
  if (value !== undefined) return value;
  const entries = [...inner].map(([key, place]) => [key, toValue(place)] as const);
  if (entries.every(([key]) => typeof key === "number"))
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
  return Object.fromEntries(entries);
}

export function unflatten(entries: readonly (readonly [string, string])[]): Outcome<Metadata> {
  const root = new Map<string | number, Place>();
  for (const [key, value] of entries) {
    let inner = root;
    let place: Place | undefined;
    for (const step of steps(key)) {
      if (step === "__proto__" || Number.isNaN(step)) return fault(`its sops part has a wrong name: ${key}`);
      place = inner.get(step) ?? { inner: new Map() };
      inner.set(step, place);
      inner = place.inner;
    }
    if (place) place.value = value;
  }
  return good(Object.fromEntries([...root].map(([key, place]) => [String(key), toValue(place)])));
}
