/** Where a lockfile and manifests say that packages come from, and which of these places are refused. */
import type { PackageTool } from "./project-files.ts";

/** One address as it is written, and of which package. */
export interface PackageAddress {
  readonly name: string;
  readonly address: string;
  /** From 1; undefined where it cannot be told. */
  readonly line?: number;
}

type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const GIT = /^(git[+:@]|github:|gitlab:|bitbucket:|gist:|ssh:|[^:]+\.git(#|$))/i;
const WEB = /^https?:/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** What npm reads as a path below its lockfile, or as another name of a package of the registry. */
const OWN = /^(file|link|workspace|npm|portal|patch):/i;

export const isGit = (address: string): boolean => GIT.test(address);
export const isWeb = (address: string): boolean => WEB.test(address);

/** `https://registry.example`; undefined where it is no URL. */
export function originOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).origin : undefined;
}

const shown = (address: string): string => (originOf(address) ?? address).slice(0, 200);

/** Why a package must not come from there; undefined where it may. `allowed`: origins of registries. */
export function refuseAddress(address: string, allowed: ReadonlySet<string>): string | undefined {
  if (address === "" || OWN.test(address)) return undefined;
  if (isGit(address)) return "comes from Git, and its code would be built here";
  if (isWeb(address)) {
    const origin = originOf(address);
    if (origin !== undefined && allowed.has(origin)) return undefined;
    return `comes from ${shown(address)}, which is no registry that packages may come from`;
  }
  return SCHEME.test(address) ? `comes from ${shown(address)}, which npm must not ask` : undefined;
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf("\n"); next !== -1 && next < at; next = text.indexOf("\n", next + 1))
    line += 1;
  return line;
}

/** Line of a value below a key of a JSON text, as far as plain text says. */
function lineOf(text: string, key: string, value: string): number | undefined {
  const from = Math.max(0, text.indexOf(`${JSON.stringify(key)}:`));
  const at = text.indexOf(JSON.stringify(value), from);
  return at === -1 ? undefined : lineAt(text, at);
}

const SPECS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides"];

/** Every text in it, with its key; `overrides` are maps in maps. */
function textsIn(value: unknown, key: string): (readonly [string, string])[] {
  if (typeof value === "string") return [[key, value]];
  return isObject(value) ? Object.entries(value).flatMap(([name, inner]) => textsIn(inner, name)) : [];
}

/** What a manifest, or an entry of a lockfile, asks for by an address: npm goes there where the lockfile has nothing else. */
function asked(text: string, key: string, manifest: Json): PackageAddress[] {
  const all = SPECS.flatMap(list => textsIn(manifest[list], list));
  return all.flatMap(([name, address]) => {
    const line = isWeb(address) ? lineOf(text, key, address) : undefined;
    return isWeb(address) ? [{ name, address, ...(line === undefined ? {} : { line }) }] : [];
  });
}

/** Of a package.json. */
export function manifestAddresses(text: string): PackageAddress[] {
  try {
    const manifest: unknown = JSON.parse(text);
    return isObject(manifest) ? asked(text, "", manifest) : [];
  } catch {
    // npm says so, in its own words.
    return [];
  }
}

/** npm takes a version that is an address for one. */
function addressOf({ resolved, version, link }: Json): string {
  if (link === true) return "";
  if (typeof resolved === "string" && resolved !== "")
    return SCHEME.test(resolved) ? resolved : `git:${resolved}`;
  return typeof version === "string" && /[:/]/.test(version) ? version : "";
}

/** Of an npm lockfile's `packages`. */
export function npmAddresses(text: string, packages: Json): PackageAddress[] {
  return Object.entries(packages).flatMap(([key, value]) => {
    if (!isObject(value)) return [];
    const own = /(^|\/)node_modules\//.test(key) ? addressOf(value) : "";
    const line = own === "" ? undefined : lineOf(text, key, own);
    const name = key.replace(/^.*node_modules\//, "");
    const found = own === "" ? [] : [{ name, address: own, ...(line === undefined ? {} : { line }) }];
    return [...found, ...asked(text, key, value)];
  });
}

/** Fields, and keys of entries, in which the lockfiles of yarn 1 and pnpm hold addresses; other text may name any page. */
const IN_LINES: Readonly<Record<Exclude<PackageTool, "npm">, RegExp>> = {
  yarn: /^\s+resolved "?([^"\s]+)|^"?[^"\s]+?@((?:https?|git|ssh)[^",\s]*[^",\s:])/,
  pnpm: /(?:tarball|repo|version|specifier): ['"]?((?:[a-z][a-z0-9+.-]*:|git@)[^'",}\s]+)|^\s+['"]?[^'"\s]+?@((?:https?|git|ssh)[^'"\s(]*[^'"\s(:])['"]?:/,
};

/** Of yarn's and pnpm's lockfiles, line by line. */
export function addressesInLines(tool: Exclude<PackageTool, "npm">, text: string): PackageAddress[] {
  let name = "";
  return text.split("\n").flatMap((row, index) => {
    const key = /^\s{0,2}['"]?\/?((?:@[^/'"\s]+\/)?[^@/'"\s]+)@/.exec(row)?.[1];
    name = key ?? name;
    const [, field, inKey] = IN_LINES[tool].exec(row) ?? [];
    const address = field ?? inKey;
    return address === undefined ? [] : [{ name, address, line: index + 1 }];
  });
}
