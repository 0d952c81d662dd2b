/** What can be asked of a host in one go with other questions, and how the answers are held. */
import type { Entry } from "./machine.ts";

export type Question =
  | { readonly about: "entry"; readonly path: string }
  /** What lies in a folder, all the way down. */
  | { readonly about: "contents"; readonly path: string }
  /** The lines of a text file from one that is `begin` to one that is `end`. */
  | { readonly about: "block"; readonly path: string; readonly begin: string; readonly end: string }
  /** As systemd names it, with its suffix. */
  | { readonly about: "unit"; readonly name: string }
  /** A Debian package. */
  | { readonly about: "package"; readonly name: string }
  /** Which version of a Debian package apt would install, as far as the host's lists know. */
  | { readonly about: "candidate"; readonly name: string }
  | { readonly about: "user"; readonly name: string }
  | { readonly about: "group"; readonly name: string }
  /** Whatever else: it must only look, and be done in a moment. The same text is asked once. */
  | { readonly about: "script"; readonly script: string };

/** A file, folder or link without its content. */
export interface EntryFacts extends Entry {
  /** SHA-256 of a regular file of at most `MAX_SUMMED_BYTES`, hex. */
  readonly checksum?: string;
  /** Where a symlink leads, as it is written there. */
  readonly target?: string;
  /** Changes with each write and rename: inode, and time of the last change in seconds. */
  readonly stamp: string;
}

export interface Inhabitant {
  /** From the folder. A control character 1 in it is read as a line end. */
  readonly path: string;
  readonly kind: Entry["kind"];
}
/** Of a folder; there are no facts where there is none. */
export interface ContentsFacts {
  readonly inhabitants: readonly Inhabitant[];
  /** There are more than can be told. */
  readonly cut: boolean;
}

/** Of a file; there are no facts where there is none. */
export interface BlockFacts {
  /** Each line that is one of the marks, and the lines between; empty where neither is there. */
  readonly lines: readonly string[];
}

/** Properties of `systemctl show` that are asked for. */
export const UNIT_PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "UnitFileState",
  "FragmentPath",
  "NeedDaemonReload",
  "InvocationID",
  /** Of services: "simple", "oneshot", … */
  "Type",
  "RemainAfterExit",
] as const;
export type UnitFacts = Readonly<Record<(typeof UNIT_PROPERTIES)[number], string>>;

export interface PackageFacts {
  readonly version: string;
  /** dpkg's status: "installed", "config-files", "half-configured", … */
  readonly status: string;
  readonly held: boolean;
}

export interface CandidateFacts {
  readonly version: string;
}

export interface UserFacts {
  readonly uid: number;
  readonly gid: number;
  /** Name, or number, of the primary group. */
  readonly group: string;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  /** Names of the host's own groups (/etc/group) that name it as a member, sorted. */
  readonly groups: readonly string[];
}

export interface GroupFacts {
  readonly gid: number;
  readonly members: readonly string[];
}

export interface ScriptFacts {
  readonly code: number;
  /** What it wrote to both streams, without NULs. */
  readonly output: string;
}

export interface FactsOf {
  readonly entry: EntryFacts;
  readonly contents: ContentsFacts;
  readonly block: BlockFacts;
  readonly unit: UnitFacts;
  readonly package: PackageFacts;
  readonly candidate: CandidateFacts;
  readonly user: UserFacts;
  readonly group: GroupFacts;
  readonly script: ScriptFacts;
}

/** As much as `File` keeps: larger files are not ours, and reading them takes its time. */
export const MAX_SUMMED_BYTES = 10_000_000;
/** Of a folder. */
export const MAX_CONTENTS = 10_000;

export const keyOf = (question: Question): string => JSON.stringify(Object.values(question));

export interface Answers {
  /** False: a folder that stands for a host. It has entries; of anything else it knows nothing. */
  readonly system: boolean;
  /** Undefined: it is not there. (systemd answers for units that are not there, too: LoadState "not-found".) */
  readonly get: <Q extends Question>(question: Q) => FactsOf[Q["about"]] | undefined;
}

/** Keyed by `keyOf`. */
export type Facts = ReadonlyMap<string, FactsOf[keyof FactsOf]>;

export const answersOf = (facts: Facts, system: boolean): Answers => ({
  system,
  // What stands under a question's key is of the question's kind; the type system cannot follow it through the map.
  get: <Q extends Question>(question: Q) => facts.get(keyOf(question)) as FactsOf[Q["about"]] | undefined,
});
