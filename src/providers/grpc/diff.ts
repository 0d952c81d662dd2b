/** How two sets of inputs differ, path by path, in Pulumi's notation. */
import { isList, isMap, isSpecial, isUnknown, kind, type Asset, type Plain, type PlainMap } from "./value.ts";

export interface PropertyChange {
  /** `spec.replicas`, `tags["a.b"]`, `list[0]` */
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  /** Top-level property that it lies in. */
  readonly property: string;
}

const keyed = (parent: string, key: string): string => {
  if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
};

function same(old: Plain, now: Plain): boolean {
  if (old === now) return true;
  if (typeof old !== "object" || typeof now !== "object" || old === null || now === null) return false;
  if (isSpecial(old) || isSpecial(now)) return isSpecial(old) && isSpecial(now) && sameSpecial(old, now);
  return false;
}

function sameSpecial(old: Plain, now: Plain): boolean {
  // What is not known may become anything.
  if (isUnknown(old) || isUnknown(now)) return false;
  const hash = (value: Plain): string | undefined => {
    const special = value as Asset;
    return special[kind] === "asset" || special[kind] === "archive" ? special.hash : undefined;
  };
  if (hash(old) !== undefined) return hash(old) === hash(now);
  return JSON.stringify(old) === JSON.stringify(now);
}

function compare(
  path: string,
  property: string,
  old: Plain | undefined,
  now: Plain | undefined,
): PropertyChange[] {
  if (old === undefined) return now === undefined ? [] : [{ path, property, kind: "add" }];
  if (now === undefined) return [{ path, property, kind: "delete" }];
  if (isList(old) && isList(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, index) =>
      compare(`${path}[${index}]`, property, old[index], now[index]),
    ).flat();
  }
  if (isMap(old) && isMap(now)) return compareMaps(path, property, old, now);
  return same(old, now) ? [] : [{ path, property, kind: "update" }];
}

function compareMaps(path: string, property: string, old: PlainMap, now: PlainMap): PropertyChange[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap(key =>
    compare(keyed(path, key), property || key, own(old, key), own(now, key)),
  );
}

const own = (map: PlainMap, key: string): Plain | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

export const diffInputs = (old: PlainMap, now: PlainMap): readonly PropertyChange[] =>
  compareMaps("", "", old, now);
