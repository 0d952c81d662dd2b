/** From files of a repository to what they are on a host. Pure: what is in a file comes from `read`. */
import path from "node:path";
import { broughtAlong, planContainers, type PlannedContainer } from "./containers.ts";
import { contentOf, type Reading, type Text } from "./contents.ts";
import {
  attributesOf,
  deedsOf,
  matcherOf,
  unmatched,
  type Attributes,
  type Deed,
  type Matcher,
} from "./path-rules.ts";
import { KINDS, type Kind, type PathRule } from "./settings.ts";
import { collisions, foldersAbove, isKeep, refusal, targetOf, type Target } from "./targets.ts";
import type { Entry } from "./tree.ts";
import { planUnits, type PlannedUnit } from "./units.ts";
import { Mistake } from "./values.ts";

export interface PlannedFile extends Attributes {
  readonly path: string;
  readonly source: string;
  readonly content: Text | { readonly base64: string };
}

export interface PlannedFolder extends Attributes {
  readonly path: string;
}

export interface PlannedLink {
  readonly path: string;
  readonly target: string;
}

export interface Layout {
  readonly folders: readonly PlannedFolder[];
  readonly files: readonly PlannedFile[];
  readonly links: readonly PlannedLink[];
  readonly units: readonly PlannedUnit[];
  readonly containers: readonly PlannedContainer[];
  readonly deeds: readonly Deed[];
  /** Each begins with its place, and ends with the way out. */
  readonly problems: readonly string[];
}

export interface LayoutParts extends Reading {
  /** Of each kind all folders' entries. */
  readonly entries: Readonly<Record<Kind, readonly Entry[]>>;
  readonly paths: readonly PathRule[];
}

/** As Git has it; what is secret is nobody else's. */
const usualMode = ({ executable }: Entry, secret: boolean): string =>
  secret ? (executable ? "0700" : "0600") : executable ? "0755" : "0644";

function planFile(
  { kind, path: at, entry }: Target,
  reading: Reading,
  matchers: readonly Matcher[],
): PlannedFile {
  const content = contentOf(entry, reading);
  if (kind === "cron" && !("text" in content && content.text.endsWith("\n")))
    throw new Mistake(
      `${entry.source}: its last line has no line break, and cron passes over such a file; add one`,
    );
  const ruled = kind === "files" ? attributesOf(at, matchers) : undefined;
  const secret = "text" in content && content.secret;
  return { path: at, source: entry.source, content, mode: usualMode(entry, secret), ...ruled };
}

function planFiles(targets: readonly Target[], reading: Reading, matchers: readonly Matcher[]) {
  const problems: string[] = [];
  const files = targets.flatMap(one => {
    try {
      return [planFile(one, reading, matchers)];
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  return { files, problems };
}

/** Those that a rule speaks of, and those that are kept empty: others come with their files. */
function planFolders(
  all: readonly Target[],
  folders: readonly string[],
  matchers: readonly Matcher[],
): PlannedFolder[] {
  const kept = new Set(all.filter(({ entry }) => isKeep(entry)).map(one => path.posix.dirname(one.path)));
  const isEmpty = (folder: string): boolean =>
    kept.has(folder) && !all.some(one => one.path.startsWith(`${folder}/`) && !isKeep(one.entry));
  return folders.flatMap(at => {
    const ruled = attributesOf(at, matchers);
    return ruled || isEmpty(at) ? [{ path: at, ...ruled }] : [];
  });
}

interface Sorted {
  readonly of: (kind: Kind) => readonly Target[];
  readonly containers: readonly PlannedContainer[];
  readonly problems: readonly string[];
}

/** Entries that can be on a host, and why the others cannot. */
function sort({ entries, ...reading }: LayoutParts): Sorted {
  const yaml = entries.containers.filter(entry => refusal(targetOf("containers", entry)) === undefined);
  const { containers, problems } = planContainers(yaml, reading);
  const brought = broughtAlong(containers);
  const comesAlong = ({ source }: Entry): boolean =>
    brought.some(one => source === one || source.startsWith(`${one}/`));
  const all = KINDS.flatMap(kind => entries[kind].map(entry => targetOf(kind, entry))).filter(
    ({ kind, entry }) => !isKeep(entry) && !(kind === "containers" && comesAlong(entry)),
  );
  const refused = all.flatMap(one => {
    const why = refusal(one);
    return why === undefined ? [] : [`${one.entry.source}: ${why}`];
  });
  const good = all.filter(one => refusal(one) === undefined);
  return {
    of: kind => good.filter(one => one.kind === kind),
    containers,
    problems: [...refused, ...collisions(good), ...problems],
  };
}

/** Everything that is wrong comes at once. */
export function layOut(parts: LayoutParts): Layout {
  const sorted = sort(parts);
  const all = parts.entries.files.map(entry => targetOf("files", entry));
  const folders = [...new Set(all.flatMap(one => foldersAbove(one.path)))].sort();
  const matchers = parts.paths.map(matcherOf);
  const [ofFolders, ofFiles] = [
    matchers.filter(({ folder }) => folder),
    matchers.filter(({ folder }) => !folder),
  ];
  const isLink = ({ entry }: Target): boolean => entry.kind === "link";
  const own = sorted.of("files").filter(one => !isLink(one));
  const paths = own.map(one => one.path);
  const { files, problems } = planFiles([...own, ...sorted.of("cron")], parts, ofFiles);
  const units = planUnits(
    sorted.of("units").map(({ entry }) => entry),
    parts,
  );
  return {
    folders: planFolders(all, folders, ofFolders),
    files,
    links: sorted
      .of("files")
      .filter(isLink)
      .map(one => ({ path: one.path, target: one.entry.leads ?? "" })),
    units: units.units,
    containers: sorted.containers,
    deeds: deedsOf(ofFiles, paths),
    problems: [...sorted.problems, ...unmatched(matchers, paths, folders), ...problems, ...units.problems],
  };
}
