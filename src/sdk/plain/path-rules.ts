/** What `paths` in holdfast.yaml says of files and folders on the host. Pure. */
import picomatch from "picomatch";
import { sayPlace, type PathRule } from "./settings.ts";

/** One rule, and what it matches. */
export interface Matcher {
  readonly rule: PathRule;
  /** It means folders. */
  readonly folder: boolean;
  readonly matches: (path: string) => boolean;
}

const ATTRIBUTES = ["owner", "group", "mode", "validate"] as const;
export type Attributes = Partial<Readonly<Record<(typeof ATTRIBUTES)[number], string>>>;

/** Something that is done once, after files have changed. */
export interface Deed {
  /** `reload nginx.service` */
  readonly name: string;
  readonly deed: Partial<Readonly<Record<"reload" | "restart" | "command", string>>>;
  readonly check?: string;
  /** Files on the host. */
  readonly after: readonly string[];
}

export function matcherOf(rule: PathRule): Matcher {
  const folder = rule.pattern.endsWith("/");
  const pattern = folder ? rule.pattern.slice(0, -1) : rule.pattern;
  const match = picomatch(pattern, { dot: true, noextglob: true, nonegate: true, strictSlashes: true });
  // picomatch's own function answers an object where a second argument reaches it.
  return { rule, folder, matches: path => match(path) };
}

/** What the rules say of a path, later ones over earlier ones; undefined: none of them means it. */
export function attributesOf(path: string, matchers: readonly Matcher[]): Attributes | undefined {
  const own = matchers.filter(({ matches }) => matches(path));
  if (own.length === 0) return undefined;
  const said = ATTRIBUTES.flatMap(key => {
    const value = own.findLast(({ rule }) => rule[key] !== undefined)?.rule[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(said);
}

/** Most often a slip in the path. */
export const unmatched = (
  matchers: readonly Matcher[],
  files: readonly string[],
  folders: readonly string[],
): string[] =>
  matchers
    .filter(({ folder, matches }) => !(folder ? folders : files).some(matches))
    .map(
      ({ rule, folder }) =>
        `${sayPlace(rule.place)}: paths: "${rule.pattern}" matches no ${folder ? "folder" : "file"} of this host`,
    );

/** Rules that want the same done, and nothing else before it, share it: once for all of their files. */
export function deedsOf(matchers: readonly Matcher[], files: readonly string[]): Deed[] {
  const deeds = new Map<string, Deed>();
  for (const { rule, matches } of matchers) {
    const { reload, restart, command, check } = rule;
    const deed = { reload, restart, command };
    const [key] = (["reload", "restart", "command"] as const).filter(one => deed[one] !== undefined);
    if (key === undefined) continue;
    const what = `${key} ${deed[key] ?? ""}`;
    const name = check === undefined ? what : `${what} if ${check}`;
    const after = [...(deeds.get(name)?.after ?? []), ...files.filter(matches)];
    deeds.set(name, {
      name,
      deed: { [key]: deed[key] },
      ...(check === undefined ? {} : { check }),
      after: [...new Set(after)],
    });
  }
  return [...deeds.values()];
}
