/** What an npm lockfile needs besides itself to be installed elsewhere, and what in it we refuse. */
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import { isObject, npmAddresses, type PackageAddress } from "./package-addresses.ts";

export interface LockNeeds {
  /** Folders of workspaces and `file:` dependencies, relative to the lockfile's. */
  readonly folders: readonly string[];
  /** Tarballs in the repository, relative to the lockfile's folder. */
  readonly tarballs: readonly string[];
  readonly addresses: readonly PackageAddress[];
  readonly problems: readonly Problem[];
}

interface Entry {
  readonly key: string;
  readonly resolved: string;
}

function entriesOf(text: string): { entries: Entry[]; addresses: PackageAddress[] } | undefined {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(lock) || !isObject(lock.packages)) return undefined;
  const entries = Object.entries(lock.packages).map(([key, value]) => ({
    key,
    resolved: isObject(value) && typeof value.resolved === "string" ? value.resolved : "",
  }));
  return { entries, addresses: npmAddresses(text, lock.packages) };
}

/** `file` is the lockfile's path for messages; `depth` how many folders it lies below the checkout's root. */
export function readNpmLockfile(text: string, file: string, depth: number): LockNeeds {
  const lock = entriesOf(text);
  if (!lock) {
    const hint = "make it anew with npm 7 or newer: npm install --package-lock-only";
    const message = "this lockfile is not JSON of version 2 or 3";
    return { folders: [], tarballs: [], addresses: [], problems: [{ message, place: { file }, hint }] };
  }
  const { entries, addresses } = lock;
  const folders = entries
    .map(entry => entry.key)
    .filter(key => key !== "" && !/(^|\/)node_modules\//.test(key));
  const tarballs = entries
    .filter(({ resolved }) => resolved.startsWith("file:"))
    .map(({ resolved }) => path.posix.normalize(resolved.slice("file:".length)));
  const outside = [...folders, ...tarballs].filter(
    name => path.isAbsolute(name) || name.split("/").filter(part => part === "..").length > depth,
  );
  const problems = outside.map(name => ({ message: `${name} lies outside the repository`, place: { file } }));
  return { folders, tarballs, addresses, problems };
}
