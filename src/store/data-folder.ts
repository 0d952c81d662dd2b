/** The data folder: made where it is missing; what is wrong with it is said in words, not as an exception. */
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from "node:fs";
import path from "node:path";
import { configInvalid, fail, type Failure, type Result } from "../engine/failure.ts";
import { FULL_BYTES, fullDiskOf } from "./disk-full.ts";

const OTHER_FOLDER = "choose another folder with --data DIR or HOLDFAST_DATA";

/** What the system says, and the way out. */
const CAUSES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOTDIR: ["a part of this path is a file", OTHER_FOLDER],
  EEXIST: ["there is a file of this name, where a folder is needed", OTHER_FOLDER],
  EACCES: [
    "this user may not write there",
    `give the folder to the user that holdfast runs as, or ${OTHER_FOLDER}`,
  ],
  EPERM: [
    "this user may not write there",
    `give the folder to the user that holdfast runs as, or ${OTHER_FOLDER}`,
  ],
  EROFS: ["its file system is read-only", `mount it for writing, or ${OTHER_FOLDER}`],
  ENAMETOOLONG: ["its path is too long", OTHER_FOLDER],
  ELOOP: ["its links lead in a circle", OTHER_FOLDER],
};

/** SQLite's primary result codes (sqlite.org/rescode.html) that say something of the place and not of our code. */
const DATABASE_CAUSES: Readonly<Record<number, readonly [why: string, hint: string]>> = {
  8: ["its file system is read-only, or this user may not write there", OTHER_FOLDER],
  10: ["the disk reports errors", "look at the machine's log (dmesg), and start again"],
  14: [
    "its database cannot be opened: this user may not write there, or its file system is read-only",
    OTHER_FOLDER,
  ],
};

const field = (error: unknown, name: "code" | "errcode"): unknown =>
  typeof error === "object" && error !== null && name in error
    ? (error as Record<string, unknown>)[name]
    : undefined;

function causeOf(error: unknown): readonly [why: string, hint: string] | undefined {
  const [code, errcode] = [field(error, "code"), field(error, "errcode")];
  // The lowest byte is the primary code; extended ones say more above it.
  if (typeof errcode === "number") return DATABASE_CAUSES[errcode & 0xff];
  return typeof code === "string" ? CAUSES[code] : undefined;
}

function fullFailure(folder: string, error: unknown): Failure | undefined {
  const found = fullDiskOf(error);
  if (!found) return undefined;
  const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : path.dirname(folder));
  const free = bavail * bsize;
  if (!found.certain && free >= FULL_BYTES) return undefined;
  return { kind: "transient", reason: "disk", why: found.why, folder, free };
}

/**
 * Calls `work`, which opens something in the folder; where the place is to blame, it is said so. Other errors are thrown
 * on, a damaged database's too: who catches those looks for a backup. Failures: config-invalid, disk.
 */
export function inDataFolder<T>(folder: string, work: () => T): Result<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    const full = fullFailure(folder, error);
    if (full) return fail(full);
    const cause = causeOf(error);
    if (!cause) throw error;
    const [why, hint] = cause;
    return fail(configInvalid([{ message: `the data folder ${folder} cannot be used: ${why}`, hint }]));
  }
}

/** Only its owner may look into it. */
export const makeDataFolder = (folder: string): Result<void> =>
  inDataFolder(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  });
