/** A copy of the database as it is at one moment, taken while others write; and what such a copy holds. */
import { backup, DatabaseSync } from "node:sqlite";
import { inTransaction } from "./database.ts";
import { readDocument } from "./document.ts";
import type { StackStatus } from "../engine/ports/records.ts";

/** All pages in one step, on a connection of its own: one reading transaction, which no writer disturbs or waits for. */
const ALL_PAGES = 2 ** 31 - 1;
const BUSY_MS = 10_000;

/** Copies the database at `file` to `into`, which must not be there. Work of other threads: this one is not held up. */
export async function snapshot(file: string, into: string): Promise<void> {
  const source = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    await backup(source, into, { rate: ALL_PAGES });
  } finally {
    source.close();
  }
  // A single file: whoever opens it elsewhere need not be able to write beside it.
  const copy = new DatabaseSync(into);
  copy.exec("PRAGMA journal_mode = DELETE");
  copy.close();
}

export interface StackInCopy {
  readonly stack: string;
  /** Version of its state; 0: none. */
  readonly version: number;
  readonly resources: number;
  /** Commit that was deployed. */
  readonly deployed?: string;
}

export interface CopySummary {
  readonly repository?: string;
  readonly stacks: readonly StackInCopy[];
  readonly runs: number;
  readonly tokens: number;
}

const NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table'";

/** The stacks of a database, with state or with a status. Opened for reading alone. */
export function summarize(file: string): CopySummary {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    const tables = new Set(
      db
        .prepare(NAMES)
        .all()
        .map(({ name }) => String(name)),
    );
    const rows = (table: string, sql: string) => (tables.has(table) ? db.prepare(sql).all() : []);
    const count = (table: string): number =>
      Number(rows(table, `SELECT count(*) AS n FROM ${table}`)[0]?.["n"] ?? 0);
    const statuses = rows("stack_status", "SELECT doc FROM stack_status").map(row =>
      readDocument<StackStatus>(row),
    );
    const deployed = new Map(statuses.map(status => [status.stack, status.deployed?.sha]));
    const states = new Map(
      rows("state_stacks", "SELECT name, version, resources FROM state_stacks").map(row => [
        String(row["name"]),
        { version: Number(row["version"]), resources: Number(row["resources"]) },
      ]),
    );
    const names = [...new Set([...states.keys(), ...deployed.keys()])].sort();
    const repository = rows("settings", "SELECT value FROM settings WHERE key = 'repository'")[0]?.["value"];
    return {
      ...(typeof repository === "string" && { repository }),
      stacks: names.map(stack => {
        const sha = deployed.get(stack);
        const state = states.get(stack) ?? { version: 0, resources: 0 };
        return { stack, ...state, ...(sha === undefined ? {} : { deployed: sha }) };
      }),
      runs: count("runs"),
      tokens: count("state_tokens"),
    };
  } finally {
    db.close();
  }
}

/** Migrations that have run in this database and that this holdfast does not know: it was written by a newer one. */
export function unknownMigrations(file: string, known: readonly string[]): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    const names = db.prepare("SELECT name FROM migrations").all();
    return names.map(({ name }) => String(name)).filter(name => !known.includes(name));
  } finally {
    db.close();
  }
}

/** What was true of the machine and the daemon of then, and is not of this one: nothing of it may be believed. */
export function forgetMachine(file: string): void {
  const db = new DatabaseSync(file);
  try {
    inTransaction(db, () => {
      db.exec("DELETE FROM processes");
      db.exec("DELETE FROM settings WHERE key LIKE 'backup.%'");
    });
  } finally {
    db.close();
  }
}
