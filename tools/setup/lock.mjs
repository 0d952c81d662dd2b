/** One set-up at a time. The lock is SQLite's on an empty file: the kernel lets go of it when its process dies, however it dies. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const POLL_MS = 200;

function tryLock(database) {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error.errcode === 5 /* SQLITE_BUSY */) return false;
    throw error;
  }
}

/** Does `work` while holding the lock `file`; `onWait` is called once where another process holds it. */
export async function withLock(file, onWait, work) {
  const { DatabaseSync } = await import("node:sqlite");
  mkdirSync(path.dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    if (!tryLock(database)) {
      onWait();
      while (!tryLock(database)) await wait(POLL_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}
