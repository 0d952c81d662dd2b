/** Settings of backups, and of how much of the disk stays free. */
import path from "node:path";
import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "./duration.ts";

/** Where nothing is said: what an hour of runs changed can be lost, and no more. */
const DEFAULT_EVERY = "1h";
/** The last day, hour by hour. */
const DEFAULT_NEWEST = 24;
const DEFAULT_DAYS = 30;
/** Signatures need one; stores other than Amazon's take any. */
const DEFAULT_REGION = "us-east-1";
/** Below it a backup would hardly end before the next begins. */
const LEAST_EVERY_MS = 60_000;

const SIZE = /^(\d{1,15})\s*(kB|MB|GB|TB|%)?$/;
const UNITS: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

const isTarget = (text: string): boolean =>
  text === "git" ||
  /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$)/.test(text) ||
  !/^[a-z0-9+.-]+:\/\//i.test(text);

const isEndpoint = (text: string): boolean =>
  URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol) && new URL(text).username === "";

const store = z.strictObject({
  endpoint: z
    .string()
    .refine(isEndpoint, { error: "write a URL with http:// or https://, without a login" })
    .optional()
    .describe("URL of a store other than Amazon's."),
  region: z.string().min(1).max(100).optional().describe(`Default ${DEFAULT_REGION}.`),
  credentialsFile: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      "File with aws_access_key_id and aws_secret_access_key. Default: the variables of these names.",
    ),
});

export const backupsSchema = z.strictObject({
  enabled: z.boolean().optional().describe("Default true."),
  to: z
    .string()
    .min(1)
    .max(4096)
    .refine(isTarget, { error: "write a folder, s3://BUCKET/PREFIX, or git" })
    .optional()
    .describe(
      "Folder, `s3://BUCKET/PREFIX`, or `git` (a ref of the repository). Default: backups in the data folder.",
    ),
  every: z
    .string()
    .regex(DURATION_PATTERN, "write a duration, such as 1h or 30m")
    .refine(text => (parseDuration(text) ?? 0) >= LEAST_EVERY_MS, { error: "at least 1m" })
    .optional()
    .describe(`How often. Default ${DEFAULT_EVERY}.`),
  newest: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(`So many of the newest are kept. Default ${DEFAULT_NEWEST}.`),
  days: z
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .describe(`For so many days the last backup of each is kept besides. Default ${DEFAULT_DAYS}.`),
  required: z
    .boolean()
    .optional()
    .describe("Whether a run that deletes or replaces waits for a good backup. Default true."),
  store: store.optional().describe("Access to the store."),
});

export const minimumFreeSchema = z
  .string()
  .regex(SIZE, "write a size, such as 500 MB, or a share of the disk, such as 2 %")
  .optional()
  .describe("What must stay free in the data folder's file system. Default: the smaller of 200 MB and 2 %.");

export interface BackupSettings {
  readonly enabled: boolean;
  /** `git`, `s3://…` or an absolute folder. */
  readonly to: string;
  /** Milliseconds. */
  readonly every: number;
  readonly newest: number;
  readonly days: number;
  readonly required: boolean;
  readonly store: { readonly endpoint?: string; readonly region: string; readonly credentialsFile?: string };
}

/** Bytes, or percent of the file system; undefined: the default. */
export type MinimumFree = { readonly bytes?: number; readonly percent?: number };

type BackupValues = z.output<typeof backupsSchema>;

/** Folders and files made absolute, from `base` on. */
export function resolveBackups(values: BackupValues, base: string): BackupValues {
  const { to, store } = values;
  const file = store?.credentialsFile;
  return {
    ...values,
    ...(to === undefined ? {} : { to: resolveTarget(to, base) }),
    ...(store && file !== undefined
      ? { store: { ...store, credentialsFile: path.resolve(base, file) } }
      : {}),
  };
}

/** A target as a person writes it; a folder becomes absolute. */
export const resolveTarget = (to: string, base: string): string =>
  to === "git" || to.startsWith("s3://") ? to : path.resolve(base, to);

export function backupsOf(values: BackupValues | undefined, data: string): BackupSettings {
  const { enabled = true, to, every = DEFAULT_EVERY, newest, days, required = true, store } = values ?? {};
  return {
    enabled,
    to: to ?? path.join(data, "backups"),
    every: parseDuration(every) ?? 0,
    newest: newest ?? DEFAULT_NEWEST,
    days: days ?? DEFAULT_DAYS,
    required,
    store: {
      region: store?.region ?? DEFAULT_REGION,
      ...(store?.endpoint === undefined ? {} : { endpoint: store.endpoint }),
      ...(store?.credentialsFile === undefined ? {} : { credentialsFile: store.credentialsFile }),
    },
  };
}

export function minimumFreeOf(text: string | undefined): MinimumFree | undefined {
  const [, count, unit] = text === undefined ? [] : (SIZE.exec(text) ?? []);
  if (count === undefined) return undefined;
  return unit === "%" ? { percent: Number(count) } : { bytes: Number(count) * (UNITS[unit ?? ""] ?? 1) };
}
