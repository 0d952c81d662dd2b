/** What every file-like resource has: a connection, a path, mode, owner and group. */
import path from "node:path";
import type { Attributes, Entry } from "../connection/machine.ts";
import { checkConnection, hostOf, parseConnection, type Connection } from "../connection/spec.ts";
import { isMap, isUnknown, mapOf, type Plain, type PlainMap } from "../grpc/value.ts";
import type { CheckProblem } from "../resource.ts";

export interface Placement extends Attributes {
  readonly connection: Connection;
  readonly path: string;
}

export const PLACEMENT_KEYS = ["connection", "path", "mode", "owner", "group"] as const;

/** PATH_MAX of Linux, with its end mark. */
const MAX_PATH_BYTES = 4095;
/** NAME_MAX of Linux. */
const MAX_NAME_BYTES = 255;
const ACCOUNT = /^([A-Za-z0-9_][A-Za-z0-9_.@-]*\$?|\d+)$/;

function pathProblem(value: string): string | undefined {
  if (!value.startsWith("/")) return "must be absolute: begin with /";
  if (value.includes("\0")) return "must not hold a NUL character";
  if (path.posix.normalize(value) !== value || (value !== "/" && value.endsWith("/")))
    return `must be in its shortest form: ${path.posix.normalize(value).replace(/(.)\/$/, "$1")}`;
  if (Buffer.byteLength(value) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  const long = value.split("/").some(name => Buffer.byteLength(name) > MAX_NAME_BYTES);
  return long ? `holds a name longer than ${MAX_NAME_BYTES} bytes` : undefined;
}

function checkPath(value: Plain | undefined): CheckProblem[] {
  if (isUnknown(value)) return [];
  if (typeof value !== "string")
    return [{ property: "path", reason: "missing: the absolute path on the host" }];
  const reason = value === "/" ? "cannot be / itself" : pathProblem(value);
  return reason === undefined ? [] : [{ property: "path", reason }];
}

/** Canonical: four octal digits. Undefined: not a mode. */
export function canonicalMode(value: Plain): string | undefined {
  if (typeof value !== "string" || !/^0?[0-7]{3,4}$/.test(value)) return undefined;
  return value.slice(-4).padStart(4, "0");
}

export const modeText = (mode: number): string => mode.toString(8).padStart(4, "0");

function checkMode(value: Plain): { readonly mode: Plain; readonly problems: readonly CheckProblem[] } {
  if (isUnknown(value)) return { mode: value, problems: [] };
  const mode = canonicalMode(value);
  if (mode !== undefined) return { mode, problems: [] };
  const reason = 'must be a text of octal digits, for example "0644"';
  return { mode: value, problems: [{ property: "mode", reason }] };
}

function checkAccount(property: "owner" | "group", value: Plain | undefined): CheckProblem[] {
  if (value === undefined || isUnknown(value)) return [];
  if (typeof value === "string" && ACCOUNT.test(value)) return [];
  return [{ property, reason: 'must be a name or a number as text, for example "root"' }];
}

/** Checks what is shared and answers it in canonical form; properties that nobody knows are problems. */
export function checkPlacement(
  inputs: PlainMap,
  ownKeys: readonly string[],
): { readonly inputs: PlainMap; readonly problems: readonly CheckProblem[] } {
  const given = mapOf(Object.entries(inputs).filter(([, value]) => value !== null));
  const known: readonly string[] = [...PLACEMENT_KEYS, ...ownKeys];
  const strangers = Object.keys(given)
    .filter(key => !known.includes(key) && !key.startsWith("__"))
    .map(property => ({ property, reason: `is not known here; known are: ${known.join(", ")}` }));
  const connection = checkConnection(given["connection"]);
  const mode = given["mode"] === undefined ? undefined : checkMode(given["mode"]);
  const problems = [
    ...strangers,
    ...connection.problems,
    ...checkPath(given["path"]),
    ...(mode?.problems ?? []),
    ...checkAccount("owner", given["owner"]),
    ...checkAccount("group", given["group"]),
  ];
  const canonical = { ...given, connection: connection.canonical };
  return { inputs: mode ? { ...canonical, mode: mode.mode } : canonical, problems };
}

export const textOf = (inputs: PlainMap, key: string): string | undefined => {
  const value = inputs[key];
  return typeof value === "string" ? value : undefined;
};

/** Of inputs that a check let pass; anything else is a bug of the caller. */
export function parsePlacement(inputs: PlainMap): Placement {
  const connection = parseConnection(inputs["connection"]);
  const target = textOf(inputs, "path");
  if (!connection || target === undefined) throw new TypeError("inputs without a connection or a path");
  const mode = textOf(inputs, "mode");
  const owner = textOf(inputs, "owner");
  const group = textOf(inputs, "group");
  return {
    connection,
    path: target,
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  };
}

/** Another path, or another host, is another thing; another way to the same host is not. */
export function movedBy(property: string, old: Plain | undefined, now: Plain | undefined): boolean {
  if (property === "path") return true;
  if (property !== "connection") return false;
  if (isUnknown(now)) return true;
  const before = hostOf(old);
  const after = hostOf(now);
  return before !== after;
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

/** `CONNECTION#PATH`, as an import names it, for example `ssh://deploy@frodo#/etc/motd`. */
export function parseImportId(id: string): PlainMap | undefined {
  const cut = id.indexOf("#");
  if (cut < 0) return undefined;
  const { canonical, problems } = checkConnection(id.slice(0, cut));
  const target = id.slice(cut + 1);
  if (problems.length > 0 || !isMap(canonical) || checkPath(target).length > 0) return undefined;
  return { connection: canonical, path: target };
}
