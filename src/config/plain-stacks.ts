/** Stacks that holdfast.yaml itself describes: files for a host, and no program. */
import path from "node:path";
import { stat } from "node:fs/promises";
import type { Problem } from "../engine/failure.ts";
import type { Flaw, PlainHost, PlainKind, StackDefinition } from "../engine/ports/stack.ts";
import { resolveInside } from "./checkout-file.ts";
import { HOLDFAST_FILE, type HoldfastSettings } from "./holdfast-file.ts";
import { DEEDS, type HostEntry } from "./host-schema.ts";
import { readValues } from "./host-values.ts";
import { DEFAULT_SETTINGS } from "./stack-settings.ts";

export interface PlainStacks {
  readonly stacks: readonly StackDefinition[];
  readonly flaws: readonly Flaw[];
  /** They concern every stack. */
  readonly problems: readonly Problem[];
}

const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const KINDS: readonly PlainKind[] = ["files", "units", "cron", "containers"];

const asList = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** `./hosts/frodo/` is `hosts/frodo`. */
const shortest = (folder: string): string => path.posix.join(folder).replace(/\/$/, "");

type Wrong = (at: readonly PropertyKey[], message: string, hint?: string) => void;

async function checkFolder(root: string, folder: string): Promise<string | undefined> {
  if (shortest(folder) === ".") return "is the whole repository; name a folder in it";
  const found = await resolveInside(root, folder);
  if (found === undefined) return "is not there";
  if (found === "outside") return "leads out of the repository";
  // Commits are held against the name: changes where a link leads to would not be seen.
  if (found.real !== path.join(root, shortest(folder))) return "is behind a link; name the folder itself";
  return (await stat(found.real)).isDirectory() ? undefined : "is not a folder";
}

const within = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}/`);

interface Named {
  readonly at: readonly PropertyKey[];
  readonly written: string;
  readonly folder: string;
}

const foldersOf = (entry: HostEntry): readonly Named[] =>
  KINDS.flatMap(kind =>
    asList(entry[kind]).map((written, index) => ({
      at: Array.isArray(entry[kind]) ? [kind, index] : [kind],
      written,
      folder: shortest(written),
    })),
  );

/** A folder in another one would be laid over the host twice. */
async function checkFolders(root: string, entry: HostEntry, wrong: Wrong): Promise<void> {
  const named = foldersOf(entry);
  if (named.length === 0) wrong([], "host: says nothing of what is on it: name a folder with files");
  for (const [index, { at, written, folder }] of named.entries()) {
    const what = `host.${String(at[0])}: "${written}"`;
    const problem = await checkFolder(root, folder);
    if (problem !== undefined) wrong(at, `${what} ${problem}`, folderHint(problem, at));
    const other = named.find(
      (one, i) => i !== index && within(folder, one.folder) && (i < index || folder !== one.folder),
    );
    if (other) wrong(at, `${what} lies in "${other.written}", which host.${String(other.at[0])} names`);
  }
}

/** A folder is not looked at before, and nothing is done after it. */
function checkFolderRules({ paths = {} }: HostEntry, wrong: Wrong): void {
  for (const [pattern, rule] of Object.entries(paths))
    for (const key of [...DEEDS, "validate", "check"] as const)
      if (pattern.endsWith("/") && rule[key] !== undefined)
        wrong(["paths", pattern, key], `host.paths: ${key} is for files`, `write "${pattern}**"`);
}

const folderHint = (problem: string, at: readonly PropertyKey[]): string | undefined =>
  problem === "is not there"
    ? `Git keeps no empty folders: put a file .gitkeep into it, or take ${String(at[0])} out`
    : undefined;

/** `problems` of this stack alone. */
async function plainHost(
  root: string,
  { doc }: HoldfastSettings,
  name: string,
  entry: HostEntry,
): Promise<{ readonly host: PlainHost; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const placeOf = (at: readonly PropertyKey[]) => doc.place(["stacks", name, "host", ...at]);
  const wrong: Wrong = (at, message, hint) =>
    void problems.push({ message, place: placeOf(at), ...(hint === undefined ? {} : { hint }) });
  await checkFolders(root, entry, wrong);
  checkFolderRules(entry, wrong);
  const values = await readValues(root, entry.values, at => placeOf(["values", ...at]));
  problems.push(...values.problems);
  const folders = foldersOf(entry);
  const host = {
    connection: entry.connection,
    sudo: entry.sudo ?? false,
    folders: {
      files: asList(entry.files).map(shortest),
      units: asList(entry.units).map(shortest),
      cron: asList(entry.cron).map(shortest),
      containers: asList(entry.containers).map(shortest),
    },
    values: values.values,
    paths: Object.entries(entry.paths ?? {}).map(([pattern, rule]) => ({
      pattern,
      place: doc.place(["stacks", name, "host", "paths", pattern], true),
      ...rule,
    })),
    sources: [...folders.map(({ folder }) => folder), ...values.files],
  };
  return { host, problems };
}

/** Of one whose section cannot be read. It is never run. */
const UNREAD: PlainHost = {
  connection: "",
  sudo: false,
  folders: { files: [], units: [], cron: [], containers: [] },
  values: {},
  paths: [],
  sources: [],
};

const stackOf = (name: string, host: PlainHost): StackDefinition => {
  const [project = "", stack = ""] = name.split("/");
  return { name, project, stack, folder: "", runtime: "nodejs", settings: DEFAULT_SETTINGS, host };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names below which a `host` stands, whether or not all there is as it should be. */
function named({ doc, file }: HoldfastSettings): readonly { name: string; entry: HostEntry | undefined }[] {
  const stacks = isRecord(doc.value) ? doc.value["stacks"] : undefined;
  return Object.entries(isRecord(stacks) ? stacks : {}).flatMap(([name, raw]) =>
    isRecord(raw) && "host" in raw ? [{ name, entry: file.stacks?.[name]?.host }] : [],
  );
}

const NO_NAME = "a stack without a program has a name of its own, not a pattern: `<project>/<stack>`";
const NAME_HINT = "settings that several of them share may stand below a pattern, without `host`";

/** `programs`: the stacks that have one. */
export async function plainStacks(
  root: string,
  settings: HoldfastSettings,
  programs: readonly StackDefinition[],
): Promise<PlainStacks> {
  const stacks: StackDefinition[] = [];
  const flaws: Flaw[] = [];
  const problems: Problem[] = [];
  for (const { name, entry } of named(settings)) {
    const place = settings.doc.place(["stacks", name, "host"], true);
    const program = programs.find(one => one.name === name);
    if (!PLAIN_NAME.test(name)) {
      // Which stack is missing for it nobody can tell.
      problems.push({ message: `host: ${NO_NAME}`, place, hint: NAME_HINT });
    } else if (program) {
      const message = `host: "${name}" has a program already: ${program.stackFile ?? HOLDFAST_FILE}`;
      flaws.push({ problems: [{ message, place, hint: "keep one of the two" }], stacks: [name] });
    } else if (!entry) {
      // What is wrong below the name is said of it elsewhere; the stack is not gone for it.
      stacks.push(stackOf(name, UNREAD));
    } else {
      const found = await plainHost(root, settings, name, entry);
      stacks.push(stackOf(name, found.host));
      if (found.problems.length > 0) flaws.push({ problems: found.problems, stacks: [name] });
    }
  }
  return { stacks, flaws, problems };
}
