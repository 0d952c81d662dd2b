/** From files of a repository to what they are on a host. Pure: what is in a file comes from `read`. */
import picomatch from "picomatch";
import { PLACE } from "../shapes/place.ts";
import { KINDS, sayPlace, type Kind, type PathRule } from "./settings.ts";
import type { Entry } from "./tree.ts";
import { Mistake, render, type Values } from "./values.ts";

export interface Attributes {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

export interface PlannedFile extends Attributes {
  readonly path: string;
  readonly source: string;
  /** A text, or base64 where it is none. */
  readonly content: { readonly text: string } | { readonly base64: string };
  readonly secret: boolean;
}

export interface PlannedFolder extends Attributes {
  readonly path: string;
}

export interface Layout {
  readonly folders: readonly PlannedFolder[];
  readonly files: readonly PlannedFile[];
  /** Each begins with its place, and ends with the way out. */
  readonly problems: readonly string[];
}

export interface LayoutParts {
  /** Of each kind all folders' entries. */
  readonly entries: Readonly<Record<Kind, readonly Entry[]>>;
  readonly paths: readonly PathRule[];
  readonly values: Values;
  readonly read: (source: string) => Buffer;
}

/** Keeps a folder in Git that is empty on the host. */
const KEEP = ".gitkeep";
const TEMPLATE = ".tmpl";
/** As for `File`. */
const MOST_BYTES = 10_000_000;

/** Where on the host a folder of this kind is laid. */
const WHERE: Readonly<Record<Kind, string>> = {
  files: "",
  units: "/etc/systemd/system",
  cron: "/etc/cron.d",
};

const UNIT =
  /^[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|path|target|mount|automount|swap|slice)(\.d\/[^/]+\.conf)?$/;
/** cron passes over names with other characters, a dot among them, without a word. */
const CRON = /^[A-Za-z0-9_-]+$/;

const isKeep = (name: string): boolean => name === KEEP || name.endsWith(`/${KEEP}`);
const withoutSuffix = (name: string): string =>
  name.endsWith(TEMPLATE) ? name.slice(0, -TEMPLATE.length) : name;

interface Target {
  readonly kind: Kind;
  readonly path: string;
  readonly entry: Entry;
}

const target = (kind: Kind, entry: Entry): Target => ({
  kind,
  entry,
  path: `${WHERE[kind]}/${withoutSuffix(entry.name)}`,
});

/** Why this cannot be on a host. */
function refusal({ kind, path, entry }: Target): string | undefined {
  const { legible, bytes } = entry;
  if (!legible) return "its name holds characters that cannot be seen; give it another name";
  if (entry.kind === "link") return "is a link; put the file itself here";
  if (entry.kind === "other") return "is no file; take it out";
  if (bytes > MOST_BYTES)
    return `holds ${bytes} bytes; ${MOST_BYTES} is the most: bring it as a package or an archive`;
  const name = withoutSuffix(entry.name);
  if (name === "" || name.endsWith("/")) return `has no name without ${TEMPLATE}; give it one`;
  if (kind === "units" && !UNIT.test(name))
    return "is no name of a systemd unit, such as app.service, or of a drop-in, such as app.service.d/limits.conf";
  if (kind === "cron" && !CRON.test(name))
    return "cron passes over such a name; use letters, digits, - and _ alone";
  const [flaw] = PLACE["path"]?.rule(path, () => false) ?? [];
  return flaw && `makes the path ${path}, which ${flaw.reason}`;
}

/** Two that make one path, or a file where another needs a folder. */
function collisions(targets: readonly Target[]): string[] {
  const byPath = new Map<string, Target>();
  const problems: string[] = [];
  for (const one of targets) {
    const first = byPath.get(one.path);
    if (first)
      problems.push(
        `${one.entry.source}: makes ${one.path}, as ${first.entry.source} does; keep one of the two`,
      );
    else byPath.set(one.path, one);
  }
  for (const one of targets)
    for (const folder of foldersAbove(one.path)) {
      const file = byPath.get(folder);
      if (file)
        problems.push(
          `${one.entry.source}: needs the folder ${folder}, which ${file.entry.source} makes a file`,
        );
    }
  return problems;
}

/** `/a` and `/a/b` of `/a/b/c`. */
function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

interface Matcher {
  readonly rule: PathRule;
  readonly folder: boolean;
  readonly matches: (path: string) => boolean;
}

const matcherOf = (rule: PathRule): Matcher => {
  const folder = rule.pattern.endsWith("/");
  const pattern = folder ? rule.pattern.slice(0, -1) : rule.pattern;
  const match = picomatch(pattern, { dot: true, noextglob: true, nonegate: true, strictSlashes: true });
  return { rule, folder, matches: path => match(path) };
};

/** What the rules say of a path, later ones over earlier ones; undefined: none of them means it. */
function attributesOf(path: string, matchers: readonly Matcher[]): Attributes | undefined {
  const own = matchers.filter(({ matches }) => matches(path)).map(({ rule }) => rule);
  if (own.length === 0) return undefined;
  const last = (key: keyof Attributes) => own.findLast(rule => rule[key] !== undefined)?.[key];
  const [owner, group, mode] = [last("owner"), last("group"), last("mode")];
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode }),
  };
}

function unmatched(
  matchers: readonly Matcher[],
  files: readonly string[],
  folders: readonly string[],
): string[] {
  return matchers
    .filter(({ folder, matches }) => !(folder ? folders : files).some(matches))
    .map(
      ({ rule, folder }) =>
        `${sayPlace(rule.place)}: paths: "${rule.pattern}" matches no ${folder ? "folder" : "file"} of this host`,
    );
}

/** Undefined where the bytes are no text. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function contentOf(
  { entry: { name, source } }: Target,
  { read, values }: LayoutParts,
): Pick<PlannedFile, "content" | "secret"> {
  const bytes = read(source);
  const text = textOf(bytes);
  if (!name.endsWith(TEMPLATE))
    return { content: text === undefined ? { base64: bytes.toString("base64") } : { text }, secret: false };
  if (text === undefined) throw new Mistake(`${source}: a template must be text in UTF-8`);
  const rendered = render(text, source, values);
  return { content: { text: rendered.text }, secret: rendered.secret };
}

/** As Git has it; what is secret is nobody else's. */
const usualMode = ({ executable }: Entry, secret: boolean): string =>
  secret ? (executable ? "0700" : "0600") : executable ? "0755" : "0644";

function plan(one: Target, parts: LayoutParts, matchers: readonly Matcher[]): PlannedFile {
  const { content, secret } = contentOf(one, parts);
  if (one.kind === "cron" && !("text" in content && content.text.endsWith("\n")))
    throw new Mistake(
      `${one.entry.source}: its last line has no line break, and cron passes over such a file; add one`,
    );
  const ruled = one.kind === "files" ? attributesOf(one.path, matchers) : undefined;
  const { path, entry } = one;
  return { path, source: entry.source, content, secret, mode: usualMode(entry, secret), ...ruled };
}

/** Everything that is wrong comes at once. */
export function layOut(parts: LayoutParts): Layout {
  const all = KINDS.flatMap(kind => parts.entries[kind].map(entry => target(kind, entry)));
  const refused = all.flatMap(one => {
    const why = isKeep(one.entry.name) ? undefined : refusal(one);
    return why === undefined ? [] : [`${one.entry.source}: ${why}`];
  });
  const targets = all.filter(one => !isKeep(one.entry.name) && refusal(one) === undefined);
  const own = all.filter(({ kind }) => kind === "files");
  const folders = [...new Set(own.flatMap(({ path }) => foldersAbove(path)))].sort();
  const matchers = parts.paths.map(matcherOf);
  const paths = targets.filter(({ kind }) => kind === "files").map(({ path }) => path);
  const problems = [
    ...refused,
    ...collisions(targets),
    ...unmatched(
      matchers.filter(one => !one.folder),
      paths,
      folders,
    ),
    ...unmatched(
      matchers.filter(one => one.folder),
      paths,
      folders,
    ),
  ];
  const files = targets.flatMap(one => {
    try {
      return [
        plan(
          one,
          parts,
          matchers.filter(matcher => !matcher.folder),
        ),
      ];
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  return { folders: plannedFolders(folders, all, matchers), files, problems };
}

/** Those that a rule speaks of, and those that are kept empty: others come with their files. */
function plannedFolders(
  folders: readonly string[],
  all: readonly Target[],
  matchers: readonly Matcher[],
): PlannedFolder[] {
  const kept = new Set(
    all
      .filter(({ kind, entry }) => kind === "files" && isKeep(entry.name))
      .map(({ path }) => path.slice(0, -KEEP.length - 1)),
  );
  const empty = (folder: string): boolean =>
    kept.has(folder) && !all.some(({ path, entry }) => path.startsWith(`${folder}/`) && !isKeep(entry.name));
  return folders.flatMap(path => {
    const ruled = attributesOf(
      path,
      matchers.filter(({ folder }) => folder),
    );
    return ruled || empty(path) ? [{ path, ...ruled }] : [];
  });
}
