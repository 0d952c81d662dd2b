/** Lines of GNU stat taken apart. */
import type { Entry } from "./machine.ts";

/** For `stat --printf`; names are last, and may hold anything but a line end. */
export const STAT_FORMAT = "%f\\t%u\\t%g\\t%s\\t%U\\t%G\\t%i.%.9Z";

const KINDS: Readonly<Record<number, Entry["kind"]>> = {
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
};

const named = (text: string, id: number): string => (text === "UNKNOWN" ? String(id) : text);

/** Undefined where the line does not look like it. */
export function parseStat(line: string): (Entry & { readonly stamp: string }) | undefined {
  const match = /^([0-9a-f]+)\t(\d+)\t(\d+)\t(\d+)\t([^\t]*)\t([^\t]*)\t(\d+\.\d+\.\d+)$/.exec(line);
  const [, raw, uid, gid, size, owner, group, stamp] = match ?? [];
  if (raw === undefined || owner === undefined || group === undefined || stamp === undefined)
    return undefined;
  const bits = Number.parseInt(raw, 16);
  const ids = { uid: Number(uid), gid: Number(gid) };
  return {
    kind: KINDS[bits & 0o170000] ?? "other",
    mode: bits & 0o7777,
    owner: named(owner, ids.uid),
    group: named(group, ids.gid),
    ...ids,
    size: Number(size),
    stamp,
  };
}
