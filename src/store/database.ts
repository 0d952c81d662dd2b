/** One SQLite file for everything; each store brings its own migrations. */
import { DatabaseSync } from "node:sqlite";

/** A step of a schema. Names are unique for ever (`records-001`); a step that has run is never changed. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** How long a writer waits for another process's transaction: far longer than any of ours takes. */
const BUSY_MS = 10_000;

/**
 * Opens (and makes) the database: WAL, synchronous FULL, so that what was acknowledged survives a power cut
 * (FULL must be said after WAL: facts of node:sqlite, tried on 24.21).
 */
export function openDatabase(file: string, migrations: readonly Migration[]): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  db.exec("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT");
  const seen = db.prepare("SELECT 1 FROM migrations WHERE name = ?");
  const mark = db.prepare("INSERT INTO migrations (name, at) VALUES (?, ?)");
  inTransaction(db, () => {
    for (const step of migrations) {
      if (seen.get(step.name)) continue;
      db.exec(step.sql);
      mark.run(step.name, Date.now());
    }
  });
  return db;
}

/** Runs `work` in one IMMEDIATE transaction: whole or not at all. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    // After some errors (a full disk) SQLite has rolled back by itself.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
