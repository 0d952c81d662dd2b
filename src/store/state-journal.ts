/** Journal appends: what arrives in one turn of the event loop is one commit, so that the disk is asked once. */
import type { DatabaseSync } from "node:sqlite";
import type { JournalRow } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";

interface Waiting {
  readonly id: string;
  readonly rows: readonly JournalRow[];
  readonly resolve: (stored: boolean) => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalTable {
  append(id: string, rows: readonly JournalRow[]): Promise<boolean>;
  read(id: string): readonly string[];
  readAfter(id: string, sequence: number): readonly JournalRow[];
}

export function createJournalTable(db: DatabaseSync): JournalTable {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO state_journal (update_id, sequence, text) VALUES (?, ?, ?)",
  );
  const running = db.prepare(
    "SELECT 1 FROM state_updates WHERE id = ? AND status = 'running' AND dry_run = 0",
  );
  const all = db.prepare("SELECT text FROM state_journal WHERE update_id = ? ORDER BY sequence");
  const after = db.prepare(
    "SELECT sequence, text FROM state_journal WHERE update_id = ? AND sequence > ? ORDER BY sequence",
  );
  let waiting: Waiting[] = [];

  const store = (item: Waiting): boolean => {
    if (!running.get(item.id)) return false;
    for (const row of item.rows) insert.run(item.id, row.sequence, row.text);
    return true;
  };
  const flush = (): void => {
    const group = waiting;
    waiting = [];
    try {
      const answers = inTransaction(db, () => group.map(store));
      group.forEach((item, index) => item.resolve(answers[index] ?? false));
    } catch (error) {
      for (const item of group) item.reject(error);
    }
  };
  return {
    append: (id, rows) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ id, rows, resolve, reject });
      }),
    read: id => all.all(id).map(row => String(row.text)),
    readAfter: (id, sequence) =>
      after.all(id, sequence).map(row => ({ sequence: Number(row.sequence), text: String(row.text) })),
  };
}
