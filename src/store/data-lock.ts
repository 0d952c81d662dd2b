/**
 * One holder of a data folder at a time. SQLite's own file lock serves as the lock: the system drops it when the
 * process dies, however it dies, so there is nothing stale to clean up.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fail, ok, type Result } from "../engine/failure.ts";
import { inDataFolder } from "./data-folder.ts";

export interface DataLock {
  release(): void;
}

/** Who holds it: what `ps` would ask for. */
export interface LockHolder {
  readonly pid: number;
  readonly what: string;
}

const noteFile = (folder: string): string => path.join(folder, "lock.json");

function holder(folder: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(folder), "utf8")) as LockHolder;
  } catch {
    // Being written at this moment, or never written: the lock itself is what counts.
    return undefined;
  }
}

/** SQLITE_BUSY (sqlite.org/rescode.html). */
const BUSY = 5;
const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === BUSY;

/** Takes the lock at once or answers who has it. `what` says what this process is, for example `holdfast serve`. */
export function lockData(
  folder: string,
  what: string,
): DataLock | { readonly heldBy: LockHolder | undefined } {
  const db = new DatabaseSync(path.join(folder, "lock.db"), { timeout: 0 });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    writeFileSync(noteFile(folder), JSON.stringify({ pid: process.pid, what } satisfies LockHolder));
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw error;
    return { heldBy: holder(folder) };
  }
  return { release: () => db.close() };
}

/** Takes the lock. Failures: stack-busy, which names the holder; config-invalid, where the folder is unfit. */
export function claimData(folder: string, what: string): Result<DataLock> {
  const taken = inDataFolder(folder, () => lockData(folder, what));
  if (!taken.ok) return taken;
  const { value } = taken;
  if ("release" in value) return ok(value);
  const { heldBy } = value;
  const who = heldBy ? `${heldBy.what} (process ${heldBy.pid})` : "another holdfast";
  return fail({ kind: "waiting", reason: "stack-busy", by: `${who} works on the data folder ${folder}` });
}
