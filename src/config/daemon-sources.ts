/** Where daemon settings come from: flags, variables, a file. Each is checked by itself, so each problem names its place. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import { MAX_FILE_BYTES } from "./checkout-file.ts";
import { resolveBackups } from "./care-settings.ts";
import { daemonSchema, type DaemonValues } from "./daemon-schema.ts";
import type { Found } from "./project-file.ts";
import { checkSchema, sayIssue } from "./schema-problems.ts";
import { parseYaml } from "./yaml-document.ts";

/** Settings by their names in settings.yaml; flags come typed or as text. */
export type RawSettings = Readonly<Record<string, string | number | boolean | undefined>>;

const KEYS = Object.keys(daemonSchema.shape);
/** Lists cannot be said in a flag or a variable. */
const LISTS = ["credentials", "backups", "history", "keyRecipients", "npmRegistries"];
const SCALARS = KEYS.filter(key => !LISTS.includes(key));

const COUNTS = ["parallelism", "workers", "isolationUid", "programProcesses"];

const kebab = (key: string): string => key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
/** `publicUrl` → `--public-url` */
export const flagName = (key: string): string => `--${kebab(key)}`;
/** `publicUrl` → `HOLDFAST_PUBLIC_URL` */
export const variableName = (key: string): string =>
  `HOLDFAST_${kebab(key).replaceAll("-", "_").toUpperCase()}`;

/** Text of a flag or variable as what the schema wants: numbers and truth values are written in words there. */
function typed(value: string | number | boolean): string | number | boolean {
  if (value === "true") return true;
  if (value === "false") return false;
  return value;
}

/** What could be read, and what could not. */
export interface Source {
  readonly values: DaemonValues;
  readonly problems: readonly Problem[];
}

function checkScalars(raw: RawSettings, nameOf: (key: string) => string): Source {
  const problems: Problem[] = [];
  let values: DaemonValues = {};
  for (const key of SCALARS) {
    const value = raw[key];
    if (value === undefined || value === "") continue;
    const checked = daemonSchema.safeParse({ [key]: COUNTS.includes(key) ? Number(value) : typed(value) });
    if (checked.success) values = { ...values, ...checked.data };
    else
      problems.push(
        ...checked.error.issues.map(issue => ({ message: `${nameOf(key)}: ${sayIssue(issue)}` })),
      );
  }
  return { values, problems };
}

export const fromFlags = (flags: RawSettings): Source => checkScalars(flags, flagName);

export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Source {
  return checkScalars(Object.fromEntries(SCALARS.map(key => [key, env[variableName(key)]])), variableName);
}

const FILE_KEYS = [
  "hookSecretFile",
  "allowedSignersFile",
  "revokedSignersFile",
  "gpgKeysFile",
  "pulumi",
] as const;

const CREDENTIAL_FILES = ["tokenFile", "identityFile", "knownHostsFile"] as const;

function absoluteIn<Key extends string>(
  values: { readonly [key in Key]?: string | undefined },
  keys: readonly Key[],
  absolute: (text: string) => string,
): { [key in Key]?: string } {
  const found: { [key in Key]?: string } = {};
  for (const key of keys) {
    const value = values[key];
    if (value !== undefined) found[key] = absolute(value);
  }
  return found;
}

/** Paths in values, made absolute from `base` on. A `repo` that is a path is one too. */
export function resolvePaths(values: DaemonValues, base: string): DaemonValues {
  const absolute = (text: string): string => path.resolve(base, text);
  const { repo, data, credentials } = values;
  // `host:path` is ssh's short form, and no path of ours.
  const isPath = repo !== undefined && !/^[A-Za-z0-9+.-]+:\/\/|^[^/]+:/.test(repo);
  return {
    ...values,
    ...absoluteIn(values, FILE_KEYS, absolute),
    ...(isPath ? { repo: absolute(repo) } : {}),
    ...(data === undefined ? {} : { data: absolute(data) }),
    ...(values.backups && { backups: resolveBackups(values.backups, base) }),
    ...(credentials && {
      credentials: credentials.map(one => ({ ...one, ...absoluteIn(one, CREDENTIAL_FILES, absolute) })),
    }),
  };
}

/** `required`: the person named this file, so it must be there. */
export async function fromFile(file: string, required: boolean): Promise<Found<DaemonValues>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    if (code === "ENOENT" && !required) return { value: {} };
    return { problems: [{ message: `the settings file cannot be read: ${code}`, place: { file } }] };
  }
  if (text.length > MAX_FILE_BYTES)
    return { problems: [{ message: `the file is longer than ${MAX_FILE_BYTES} bytes`, place: { file } }] };
  const doc = parseYaml(file, text);
  if ("problems" in doc) return doc;
  const checked = checkSchema(daemonSchema, doc);
  return "problems" in checked ? checked : { value: resolvePaths(checked.value, path.dirname(file)) };
}
