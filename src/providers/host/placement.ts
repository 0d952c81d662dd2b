/** What every file-like thing has: a path, mode, owner and group. */
import type { Attributes, Entry } from "../connection/machine.ts";
import type { Plain, PlainMap } from "../grpc/value.ts";

export interface Placement extends Attributes {
  readonly path: string;
}

/** Canonical: four octal digits. Undefined: not a mode. */
export function canonicalMode(value: Plain): string | undefined {
  if (typeof value !== "string" || !/^0?[0-7]{3,4}$/.test(value)) return undefined;
  return value.slice(-4).padStart(4, "0");
}

export const modeText = (mode: number): string => mode.toString(8).padStart(4, "0");

/** With the mode in canonical form, where it is known. */
export function withCanonicalMode(inputs: PlainMap): PlainMap {
  const mode = canonicalMode(inputs["mode"] ?? null);
  return mode === undefined ? inputs : { ...inputs, mode };
}

export const textOf = (inputs: PlainMap, key: string): string | undefined => {
  const value = inputs[key];
  return typeof value === "string" ? value : undefined;
};

/** Of inputs that a check let pass; anything else is a bug of the caller. */
export function parsePlacement(inputs: PlainMap): Placement {
  const target = textOf(inputs, "path");
  if (target === undefined) throw new TypeError("inputs without a path");
  const mode = textOf(inputs, "mode");
  const owner = textOf(inputs, "owner");
  const group = textOf(inputs, "group");
  return {
    path: target,
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  };
}

/** How the managed attributes read now: owner and group in the notation (name or number) that the inputs use. */
export function attributesNow(inputs: PlainMap, entry: Entry): PlainMap {
  const account = (given: string, name: string, id: number): string =>
    /^\d+$/.test(given) ? String(id) : name;
  const owner = textOf(inputs, "owner");
  const group = textOf(inputs, "group");
  return {
    ...(inputs["mode"] === undefined ? {} : { mode: modeText(entry.mode) }),
    ...(owner === undefined ? {} : { owner: account(owner, entry.owner, entry.uid) }),
    ...(group === undefined ? {} : { group: account(group, entry.group, entry.gid) }),
  };
}

/** Which of the wanted attributes differ from what is there. Empty: none. */
export function attributesToSet(wanted: Attributes, entry: Entry): Attributes {
  const differs = (value: string, name: string, id: number): boolean =>
    value !== name && value !== String(id);
  return {
    ...(wanted.mode !== undefined && wanted.mode !== entry.mode ? { mode: wanted.mode } : {}),
    ...(wanted.owner !== undefined && differs(wanted.owner, entry.owner, entry.uid)
      ? { owner: wanted.owner }
      : {}),
    ...(wanted.group !== undefined && differs(wanted.group, entry.group, entry.gid)
      ? { group: wanted.group }
      : {}),
  };
}
