/**
 * What a handler or a unit has taken up: a record on the host of the watched files (inode, time of the last change,
 * mode, owner) and values as of the last success. A difference is work that is due, whoever made it and whatever was
 * cut off in between. Any write counts, also one with equal content: nobody knows what was read meanwhile.
 */
import { createHash } from "node:crypto";
import type { Answers, EntryFacts, Question } from "../../connection/questions.ts";
import { isList, isMap, mapOf, type Plain, type PlainMap } from "../../grpc/value.ts";
import { done, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";
import { modeText, textOf } from "../placement.ts";

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

/** By path: what tells one version of it from another. What is not there is left out. */
type Stamps = ReadonlyMap<string, string>;

/** A folder's own time changes with what is in it. */
const stampOf = ({ kind, mode, stamp, uid, gid }: EntryFacts): string =>
  `${kind} ${modeText(mode)} ${kind === "directory" ? "-" : stamp} ${uid}.${gid}`;

const MISSING = "- - - -";

export interface Looked {
  /** Checksum of the record. Undefined: there is none. */
  readonly noted: string | undefined;
  /** What it says. Undefined: there is none, or it was not read; then its checksum tells whether anything is due. */
  readonly text?: string;
  readonly now: Stamps;
}

const entry = (path: string) => ({ about: "entry", path }) as const;

/** They travel with all other questions; the record itself is read only where they show a difference. */
export const lookQuestions = (record: string, watches: readonly Watch[]): readonly Question[] =>
  [record, ...watches.flatMap(pathsOf)].map(entry);

export function lookedIn(answers: Answers, record: string, watches: readonly Watch[]): Looked {
  const there = watches.flatMap(pathsOf).flatMap(path => {
    const facts = answers.get(entry(path));
    return facts ? [[path, stampOf(facts)] as const] : [];
  });
  const noted = answers.get(entry(record));
  return { noted: noted && (noted.checksum ?? "unknown"), now: new Map(there) };
}

/** What it begins with. */
const HEAD = "holdfast";
/** Of files that are not watched any more, and which the run that is under way may remove at its end. */
const FORMER = "former";

export function recordText(watches: readonly Watch[], { now }: Looked, former = false): string {
  const paths = [...new Set(watches.flatMap(pathsOf))];
  const digests = watches.filter(({ items }) => items.length > 0).map(one => `${one.work} ${digestOf(one)}`);
  const lines = [...digests, ...paths.map(path => `${now.get(path) ?? MISSING} ${path}`)];
  return [HEAD, ...lines, ...(former ? [FORMER] : []), ""].join("\n");
}

/** What `recordText` says where nothing is watched. */
export const NOTHING_WATCHED = `${HEAD}\n`;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Whether the record says that everything is taken up as it is now. */
export const isNoted = (watches: readonly Watch[], looked: Looked): boolean =>
  looked.noted === sha256(recordText(watches, looked));

interface Recorded {
  readonly digests: ReadonlyMap<string, string>;
  readonly stamps: Stamps;
}

function parseRecord(text: string): Recorded {
  const lines = text.split("\n");
  const digests = lines.flatMap(line => {
    const [, work, digest] = /^(\w+) ([0-9a-f]{64})$/.exec(line) ?? [];
    return work === undefined || digest === undefined ? [] : [[work, digest] as const];
  });
  const stamps = lines.flatMap(line => {
    const [, stamp, path] = /^(\S+ \S+ \S+ \S+) (\/.+)$/.exec(line) ?? [];
    return stamp === undefined || path === undefined ? [] : [[path, stamp] as const];
  });
  return { digests: new Map(digests), stamps: new Map(stamps) };
}

/** What is due of one kind of work. */
export interface Due {
  /** Watched files that are not as they were. */
  readonly paths: ReadonlySet<string>;
  /** The values, or the list itself, are others; or there is no record. */
  readonly values: boolean;
}

export const NOTHING_DUE: Due = { paths: new Set(), values: false };
export const isDue = ({ paths, values }: Due): boolean => values || paths.size > 0;

/** `all`: everything that the record is of. Where the record was not read, a difference may be any of it. */
export function dueOf(watch: Watch, looked: Looked, all: readonly Watch[] = [watch]): Due {
  const watched = pathsOf(watch);
  if (isNoted(all, looked)) return NOTHING_DUE;
  if (looked.text === undefined) return { paths: new Set(watched), values: watch.items.length > 0 };
  const { stamps, digests } = parseRecord(looked.text);
  const changed = watched.filter(path => (looked.now.get(path) ?? MISSING) !== stamps.get(path));
  const values = watch.items.length > 0 && digests.get(watch.work) !== digestOf(watch);
  return { paths: new Set(changed), values };
}

/** A record that was written while files left the list: what became of them has to be taken up as well. */
export const wasFormer = ({ text = "" }: Looked): boolean => text.endsWith(`\n${FORMER}\n`);

/** Files of the record that are not watched any more. */
export function formerPaths(watches: readonly Watch[], { text = "" }: Looked): readonly string[] {
  const watched = new Set(watches.flatMap(pathsOf));
  return [...parseRecord(text).stamps.keys()].filter(path => !watched.has(path));
}

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

/** With the record's text: a file of a few lines. */
const MAX_RECORD = 1_000_000;

export async function lookNow(
  { machine, signal }: Site,
  record: string,
  watches: readonly Watch[],
): Promise<Outcome<Looked>> {
  const answers = await machine.ask(lookQuestions(record, watches), signal);
  if (!answers.ok) return answers;
  const there = await machine.read(record, MAX_RECORD, signal);
  if (!there.ok) return there;
  const text = there.value?.content?.toString("utf8");
  return done({ ...lookedIn(answers.value, record, watches), ...(text !== undefined && { text }) });
}

/** For root alone: it holds digests of what may be secret. */
const RECORD_MODE = 0o600;

export async function saveRecord(
  { machine, signal }: Site,
  record: string,
  text: string,
): Promise<Outcome<void>> {
  const attributes = { mode: RECORD_MODE, newMode: RECORD_MODE };
  return machine.write(record, Buffer.from(text), attributes, signal);
}

/** The same record, with its files as they are now: for those that were put back and taken up again. */
export async function renewRecord(site: Site, record: string, text: string): Promise<Outcome<void>> {
  const { digests, stamps } = parseRecord(text);
  const paths = [...stamps.keys()];
  const looked = await lookNow(site, record, [{ work: "renew", items: [], paths }]);
  if (!looked.ok) return looked;
  const values = [...digests].map(([work, digest]) => `${work} ${digest}`);
  const files = paths.map(path => `${looked.value.now.get(path) ?? MISSING} ${path}`);
  return saveRecord(site, record, [HEAD, ...values, ...files, ""].join("\n"));
}
