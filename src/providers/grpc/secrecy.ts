/** Takes secrets apart into plain values and the paths that were secret, and puts them back. */
import {
  isList,
  isMap,
  isSpecial,
  kind,
  mapOf,
  secret,
  UNKNOWN,
  type Plain,
  type PlainMap,
  type Value,
  type ValueMap,
} from "./value.ts";

export type Path = readonly (string | number)[];

export interface Opened {
  readonly properties: PlainMap;
  /** Where secrets were; a path covers everything below it. */
  readonly secrets: readonly Path[];
}

function openInto(value: Value, path: Path, secrets: Path[]): Plain {
  if (isList(value)) return value.map((item, index) => openInto(item, [...path, index], secrets));
  if (isMap(value)) return openMap(value, path, secrets);
  if (!isSpecial(value)) return value;
  if (value[kind] === "secret") {
    secrets.push(path);
    return openInto(value.value, path, secrets);
  }
  if (value[kind] === "output") {
    if (value.secret) secrets.push(path);
    return value.value === undefined ? UNKNOWN : openInto(value.value, path, secrets);
  }
  return value;
}

function openMap(map: ValueMap, path: Path, secrets: Path[]): PlainMap {
  return mapOf(Object.entries(map).map(([key, item]) => [key, openInto(item, [...path, key], secrets)]));
}

export function open(properties: ValueMap): Opened {
  const secrets: Path[] = [];
  return { properties: openMap(properties, [], secrets), secrets };
}

const covers = (secretPath: Path, path: Path): boolean =>
  secretPath.length === path.length && secretPath.every((part, index) => part === path[index]);

function sealAt(value: Plain, path: Path, secrets: readonly Path[]): Value {
  const sealed = isList(value)
    ? value.map((item, index) => sealAt(item, [...path, index], secrets))
    : isMap(value)
      ? sealMap(value, path, secrets)
      : value;
  return secrets.some(candidate => covers(candidate, path)) ? secret(sealed) : sealed;
}

function sealMap(map: PlainMap, path: Path, secrets: readonly Path[]): ValueMap {
  return mapOf(Object.entries(map).map(([key, item]) => [key, sealAt(item, [...path, key], secrets)]));
}

/** Marks as secret what the paths name. A path that leads nowhere marks the nearest part above it that is there. */
export function seal(properties: PlainMap, secrets: readonly Path[]): ValueMap {
  return sealMap(
    properties,
    [],
    secrets.map(path => nearest(properties, path)).filter(path => path.length > 0),
  );
}

function nearest(properties: PlainMap, path: Path): Path {
  let here: Plain | undefined = properties;
  for (const [index, part] of path.entries()) {
    here = child(here, part);
    if (here === undefined) return path.slice(0, index);
  }
  return path;
}

function child(value: Plain | undefined, part: string | number): Plain | undefined {
  if (value === undefined) return undefined;
  if (isList(value)) return typeof part === "number" ? value[part] : undefined;
  return isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}
