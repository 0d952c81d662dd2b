/**
 * What a handler or a unit has taken up: a record on the host of the watched files (inode, time of the last change,
 * mode, owner) and values as of the last success. A difference is work that is due, whoever made it and whatever was
 * cut off in between. Any write counts, also one with equal content: nobody knows what was read meanwhile.
 */
import { createHash } from "node:crypto";
import { word } from "../connection/shell-loop.ts";
import { isList, isMap, mapOf, type Plain, type PlainMap } from "../grpc/value.ts";
import { type Outcome, done } from "../outcome.ts";
import type { Site } from "./family.ts";
import { textOf } from "./placement.ts";
import { step } from "./step.ts";

/** Of one kind of work: `restart`, `reload`, `run`. */
export interface Watch {
  readonly work: string;
  readonly items: readonly PlainMap[];
  /** Files that are watched besides. */
  readonly paths?: readonly string[];
}

/** Where the records are; for root alone, as they hold digests of secrets. */
const FOLDER = "/var/lib/holdfast";
export const recordPath = (kind: "handlers" | "units", name: string): string => `${FOLDER}/${kind}/${name}`;

export const itemsOf = (value: Plain | undefined): readonly PlainMap[] =>
  value !== undefined && isList(value) ? value.flatMap(item => (isMap(item) ? [item] : [])) : [];

function pathsIn(item: PlainMap): readonly string[] {
  const { paths } = item;
  const tree =
    paths !== undefined && isList(paths) ? paths.flatMap(one => (typeof one === "string" ? [one] : [])) : [];
  const path = textOf(item, "path");
  return path === undefined ? tree : [path, ...tree];
}

export const pathsOf = ({ items, paths = [] }: Watch): readonly string[] => [
  ...items.flatMap(pathsIn),
  ...paths,
];

function sorted(value: Plain): Plain {
  if (isList(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return mapOf(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const digestOf = ({ items }: Watch): string =>
  createHash("sha256")
    .update(JSON.stringify(sorted(items)))
    .digest("hex");

const NOW = "now";

/** Only looks. Nothing is said where there is no record. A former file is looked at by the record's own words. */
export const lookScript = (record: string, watches: readonly Watch[]): string => `f=${word(record)}
set -- ${watches.flatMap(pathsOf).map(word).join(" ")}
[ -f "$f" ] && cat -- "$f" && while read -r mode stamp ids p; do
[ -z "$p" ] || set -- "$@" "$p"; done <"$f"
echo ${NOW}; [ "$#" = 0 ] || stat -c '%f %i.%.9Z %u.%g %n' -- "$@" 2>/dev/null; :`;

/** Of a path: what tells one version of it from another. A folder's own time changes with what is in it. */
function stampOf(mode: string, stamp: string, ids: string): string {
  const isFolder = (Number.parseInt(mode, 16) & 0o170000) === 0o040000;
  return isFolder ? `${mode} - ${ids}` : `${mode} ${stamp} ${ids}`;
}

const MISSING = "- - -";

/** By path. */
type Stamps = ReadonlyMap<string, string>;

interface LastRecord {
  readonly text: string;
  readonly digests: ReadonlyMap<string, string>;
  readonly stamps: Stamps;
}

export interface Looked {
  /** Undefined: there is none. */
  readonly record: LastRecord | undefined;
  readonly now: Stamps;
}

function stampsIn(lines: readonly string[]): Stamps {
  const all = new Map<string, string>();
  for (const line of lines) {
    const [, mode, stamp, ids, path] = /^(\S+) (\S+) (\S+) (.+)$/.exec(line) ?? [];
    if (mode === undefined || stamp === undefined || ids === undefined || path === undefined) continue;
    all.set(path, stampOf(mode, stamp, ids));
  }
  return all;
}

/** What `lookScript` said. */
export function parseLook(output: string): Looked {
  const lines = output.split("\n");
  const at = lines.indexOf(NOW);
  const [recorded, now] = [lines.slice(0, Math.max(at, 0)), lines.slice(at + 1)];
  const digests = recorded.flatMap(line => {
    const [, work, digest] = /^(\w+) ([0-9a-f]{64})$/.exec(line) ?? [];
    return work === undefined || digest === undefined ? [] : [[work, digest] as const];
  });
  const text = recorded.map(line => `${line}\n`).join("");
  const record = at > 0 ? { text, digests: new Map(digests), stamps: stampsIn(recorded) } : undefined;
  return { record, now: stampsIn(now) };
}

/** What is due of one kind of work. */
export interface Due {
  /** Watched files that are not as they were. */
  readonly paths: ReadonlySet<string>;
  /** The values, or the list itself, are others; or there is no record. */
  readonly values: boolean;
}

export const isDue = ({ paths, values }: Due): boolean => values || paths.size > 0;

export function dueOf(watch: Watch, { record, now }: Looked): Due {
  const watched = pathsOf(watch);
  if (!record) return { paths: new Set(watched), values: watch.items.length > 0 };
  const changed = watched.filter(path => (now.get(path) ?? MISSING) !== record.stamps.get(path));
  const values = watch.items.length > 0 && record.digests.get(watch.work) !== digestOf(watch);
  return { paths: new Set(changed), values };
}

/** Files that were watched until now and have changed since, such as those that a run removed at its end. */
export function formerChanges(watches: readonly Watch[], { record, now }: Looked): readonly string[] {
  const watched = new Set(watches.flatMap(pathsOf));
  return [...(record?.stamps ?? [])].flatMap(([path, stamp]) =>
    !watched.has(path) && (now.get(path) ?? MISSING) !== stamp ? [path] : [],
  );
}

/** What `recordText` says where nothing is watched. */
export const NOTHING_WATCHED = "holdfast\n";

/** `former`: files that are not watched any more, but may still be removed by the run that is under way. */
export function recordText(
  watches: readonly Watch[],
  { now }: Looked,
  former: readonly string[] = [],
): string {
  const paths = [...new Set([...watches.flatMap(pathsOf), ...former])];
  const digests = watches.filter(({ items }) => items.length > 0).map(one => `${one.work} ${digestOf(one)}`);
  const lines = [...digests, ...paths.map(path => `${now.get(path) ?? MISSING} ${path}`), ""];
  // An empty record says that nothing is known, so this one must not be.
  return ["holdfast", ...lines].join("\n");
}

/** Takes its place as a whole. */
export const saveScript = (record: string): string => {
  const folder = record.slice(0, record.lastIndexOf("/"));
  return `f=${word(record)}; umask 077
mkdir -p -- ${word(folder)} && cat >"$f.new" && mv -fT -- "$f.new" "$f"`;
};

const CHANGED = "changed since it was last taken up";

/** The items as a read shows them: those that are due have another state or value. */
export function itemsNow(items: readonly PlainMap[], due: Due): readonly PlainMap[] {
  const isNamed = (item: PlainMap): boolean => pathsIn(item).some(path => due.paths.has(path));
  const named = items.some(isNamed);
  return items.map(item => {
    if (!isNamed(item) && (named || !due.values)) return item;
    return item["path"] === undefined ? { ...item, value: CHANGED } : { ...item, state: CHANGED };
  });
}

export async function lookNow(
  site: Site,
  record: string,
  watches: readonly Watch[],
): Promise<Outcome<Looked>> {
  const said = await step(site, `look at ${record}`, { script: lookScript(record, watches) });
  return said.ok ? done(parseLook(said.value)) : said;
}

export async function saveRecord(site: Site, record: string, text: string): Promise<Outcome<void>> {
  const saved = await step(site, `write ${record}`, { script: saveScript(record), body: Buffer.from(text) });
  return saved.ok ? done(undefined) : saved;
}
