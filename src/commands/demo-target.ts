/** Looks at a host itself, without a word of holdfast's. */
import { lstat, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, StepFailed } from "./demo-stage.ts";

/** Path below the host's root → mode and content; a folder's content is "". */
export type Snapshot = ReadonlyMap<string, string>;

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Undefined where there is no such file. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export async function modeOf(file: string): Promise<string | undefined> {
  try {
    return ((await lstat(file)).mode & 0o7777).toString(8).padStart(4, "0");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** How many entries a folder has; 0 where there is none. */
export async function countOf(folder: string): Promise<number> {
  try {
    return (await readdir(folder)).filter(name => !name.startsWith(".")).length;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** Of a folder that stands for a host: all of it. */
export const EVERYTHING: readonly string[] = ["."];
/** Of a real host, which has more than that: where the starter estate writes, and others hardly. */
export const WRITTEN: readonly string[] = [
  "etc/app",
  "etc/app.d",
  "etc/containers/systemd",
  "etc/cron.d",
  "etc/holdfast",
  "etc/logrotate.d",
  "etc/motd",
  "etc/nginx/sites-available",
  "etc/nginx/sites-enabled",
  "etc/ssh/sshd_config.d",
  "etc/systemd/journald.conf.d",
  "etc/systemd/system",
  "usr/local/bin",
];

async function filesBelow(file: string): Promise<readonly string[]> {
  try {
    if (!(await lstat(file)).isDirectory()) return [file];
    const entries = await readdir(file, { recursive: true, withFileTypes: true });
    return entries.map(entry => path.join(entry.parentPath, entry.name));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** `places`: relative to the root. */
export async function snapshot(root: string, places: readonly string[]): Promise<Snapshot> {
  const files = await Promise.all(places.map(name => filesBelow(path.join(root, name))));
  const lines = files.flat().map(async (file): Promise<[string, string]> => {
    const content = (await lstat(file)).isFile() ? await readFile(file, "utf8") : "";
    return [path.relative(root, file), `${(await modeOf(file)) ?? ""} ${content}`];
  });
  return new Map(await Promise.all(lines));
}

/** Paths that are there on one side only, or differ. */
export function differences(before: Snapshot, after: Snapshot): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter(one => before.get(one) !== after.get(one)).sort();
}

/** What one file must be. */
export interface Wanted {
  readonly mode?: string;
  readonly content?: RegExp;
}

/** Throws StepFailed, with what is there instead. */
export async function expectFile(root: string, name: string, wanted: Wanted): Promise<void> {
  const file = path.join(root, name);
  const mode = await modeOf(file);
  if (mode === undefined) throw new StepFailed(`${file} is not there`);
  if (wanted.mode !== undefined) expect(mode === wanted.mode, `${file} has mode ${mode}, not ${wanted.mode}`);
  if (wanted.content === undefined) return;
  const text = (await textOf(file)) ?? "";
  // Not the text itself: it may hold a secret.
  expect(wanted.content.test(text), `${file} does not hold ${String(wanted.content)}`);
}
