/** What was found out about CLIs before, in the user's cache: verified binaries, and why getting one failed. */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { homeFolder } from "../process/home-folder.ts";
import { PULUMI_VERSION, type WayName } from "./locate-way.ts";

/** Holdfast's cache, one per user. tools/setup/cache.mjs and bin/holdfast know the same rule. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CACHE_HOME;
  const usable = base !== undefined && path.isAbsolute(base);
  return path.join(usable ? base : path.join(env.HOME || homeFolder(), ".cache"), "holdfast");
}

export const pulumiFolder = (env: NodeJS.ProcessEnv): string => path.join(cacheFolder(env), "pulumi");
/** Where an own copy is; it holds `bin/pulumi`. */
export const ownCopy = (env: NodeJS.ProcessEnv): string => path.join(pulumiFolder(env), PULUMI_VERSION);

interface Verified {
  readonly size: number;
  readonly mtimeMs: number;
  readonly version: string;
}

/** A real CLI has 100 MB. What is smaller is a script that may choose another version in another folder: never remembered. */
const SMALLEST_BINARY = 1024 * 1024;

const verifiedFile = (env: NodeJS.ProcessEnv): string => path.join(pulumiFolder(env), "verified.json");
const failuresFile = (env: NodeJS.ProcessEnv): string => path.join(pulumiFolder(env), "last-failure.json");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A memory that is missing or damaged is an empty one: it only saves time. */
async function readRecord(file: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

async function writeRecord(file: string, value: Record<string, unknown>): Promise<void> {
  const fresh = `${file}.${process.pid}`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(fresh, JSON.stringify(value, null, 2));
    await rename(fresh, file);
  } catch {
    // A cache that cannot be written (a read-only home, say) costs 0.1 s at each start and nothing else.
  }
}

function isVerified(value: unknown): value is Verified {
  return isRecord(value) && typeof value.size === "number" && typeof value.version === "string";
}

/** The version that the file was seen to have, where it is still the same file. */
export async function recall(env: NodeJS.ProcessEnv, file: string): Promise<string | undefined> {
  const known = (await readRecord(verifiedFile(env)))[file];
  if (!isVerified(known)) return undefined;
  const { size, mtimeMs } = await stat(file);
  return known.size === size && known.mtimeMs === mtimeMs ? known.version : undefined;
}

export async function remember(env: NodeJS.ProcessEnv, file: string, version: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  if (size < SMALLEST_BINARY) return;
  const known = await readRecord(verifiedFile(env));
  await writeRecord(verifiedFile(env), { ...known, [file]: { size, mtimeMs, version } });
}

export async function rememberFailures(
  env: NodeJS.ProcessEnv,
  ways: readonly { readonly way: WayName; readonly said: string }[],
): Promise<void> {
  const at = new Date().toISOString().slice(0, 16).replace("T", " ");
  const entries = ways.map(({ way, said }) => [way, `${said} (tried ${at} UTC)`] as const);
  await writeRecord(failuresFile(env), Object.fromEntries(entries));
}

/** What each way said the last time that none helped. */
export async function lastFailures(env: NodeJS.ProcessEnv): Promise<ReadonlyMap<string, string>> {
  const entries = Object.entries(await readRecord(failuresFile(env)));
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
