/** Status of each stack, small facts by key, and processes that would survive us. */
import type { DatabaseSync } from "node:sqlite";
import type { LiveProcess, StackStatus } from "../engine/ports/records.ts";
import { readDocument, readDocuments } from "./document.ts";

export function statusRows(db: DatabaseSync) {
  const put = db.prepare(
    "INSERT INTO stack_status (stack, doc) VALUES (?, ?) ON CONFLICT (stack) DO UPDATE SET doc = excluded.doc",
  );
  const forget = db.prepare("DELETE FROM stack_status WHERE stack = ?");
  const one = db.prepare("SELECT doc FROM stack_status WHERE stack = ?");
  const all = db.prepare("SELECT doc FROM stack_status ORDER BY stack");
  return {
    put: (status: StackStatus): void => void put.run(status.stack, JSON.stringify(status)),
    one(stack: string): StackStatus | undefined {
      const row = one.get(stack);
      return row && readDocument<StackStatus>(row);
    },
    forget: (stack: string): void => void forget.run(stack),
    all: (): StackStatus[] => readDocuments<StackStatus>(all.all()),
  };
}

export function settingRows(db: DatabaseSync) {
  const put = db.prepare(
    "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const one = db.prepare("SELECT value FROM settings WHERE key = ?");
  return {
    put: (key: string, value: string): void => void put.run(key, value),
    one(key: string): string | undefined {
      const value = one.get(key)?.["value"];
      return typeof value === "string" ? value : undefined;
    },
  };
}

export function processRows(db: DatabaseSync) {
  const put = db.prepare(
    "INSERT INTO processes (pid, doc) VALUES (?, ?) ON CONFLICT (pid) DO UPDATE SET doc = excluded.doc",
  );
  const remove = db.prepare("DELETE FROM processes WHERE pid = ?");
  const all = db.prepare("SELECT doc FROM processes ORDER BY pid");
  return {
    put: (value: LiveProcess): void => void put.run(value.pid, JSON.stringify(value)),
    remove: (pid: number): void => void remove.run(pid),
    all: (): LiveProcess[] => readDocuments<LiveProcess>(all.all()),
  };
}
