/** Data keys as they are kept: wrapped, of stacks that are there and of stacks that were. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { KeyChange, StateStore, StoredKey } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";
import { keyOf } from "./state-rows.ts";

export type Keys = Pick<
  StateStore,
  "keysOf" | "allKeys" | "changeKeys" | "keyRecipients" | "migratedKey" | "keysResealed"
>;

const RECIPIENTS = "recipients";
const MIGRATED = "state.key";

const COLUMNS = "k.*, coalesce(s.name, k.former) AS stack";
const FROM = "FROM state_keys k LEFT JOIN state_stacks s ON s.id = k.stack_id";

function createFacts(db: DatabaseSync) {
  const put = db.prepare(
    "INSERT INTO state_key_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const one = db.prepare("SELECT value FROM state_key_facts WHERE name = ?");
  return {
    put: (name: string, value: string): void => void put.run(name, value),
    one(name: string): string | undefined {
      const value = one.get(name)?.["value"];
      return typeof value === "string" ? value : undefined;
    },
  };
}

function createChange(db: DatabaseSync, facts: ReturnType<typeof createFacts>): (change: KeyChange) => void {
  const rewrap = db.prepare("UPDATE state_keys SET wrapped = ?, recipients = ? WHERE position = ?");
  const add = db.prepare(
    `INSERT INTO state_keys (stack_id, id, wrapped, recipients, created_at, resealed)
     SELECT id, ?, ?, ?, ?, 0 FROM state_stacks WHERE id = ?`,
  );
  const newest = db.prepare("UPDATE state_stacks SET key_id = ? WHERE id = ?");
  return ({ rewrapped, added, recipients, migratedFrom }) =>
    inTransaction(db, () => {
      for (const key of rewrapped) rewrap.run(key.wrapped, JSON.stringify(key.recipients), key.position);
      for (const { stackId, id, at, ...key } of added) {
        add.run(id, key.wrapped, JSON.stringify(key.recipients), at, stackId);
        newest.run(id, stackId);
      }
      if (recipients) facts.put(RECIPIENTS, JSON.stringify(recipients));
      if (migratedFrom !== undefined) facts.put(MIGRATED, migratedFrom);
    });
}

export function createKeys(db: DatabaseSync): Keys {
  const facts = createFacts(db);
  const change = createChange(db, facts);
  const of = db.prepare(`SELECT ${COLUMNS} ${FROM} WHERE k.stack_id = ? ORDER BY k.position DESC`);
  const all = db.prepare(`SELECT ${COLUMNS} ${FROM} ORDER BY stack, k.position DESC`);
  const resealed = db.prepare("UPDATE state_keys SET resealed = 1 WHERE stack_id = ? AND id = ?");
  return {
    keysOf: async stackId => of.all(stackId).map(keyOf),
    allKeys: async () => all.all().map(keyOf),
    changeKeys: async wanted => change(wanted),
    keyRecipients: async () => JSON.parse(facts.one(RECIPIENTS) ?? "[]") as string[],
    migratedKey: async () => facts.one(MIGRATED),
    keysResealed: async (stackId, id) => void resealed.run(stackId, id),
  };
}

/** For a stack that is made: its first key, and those that a stack of the same name had. */
export function createFirstKey(
  db: DatabaseSync,
): (stackId: number, name: string, key: Omit<StoredKey, "position" | "stack" | "pending">) => void {
  const takeBack = db.prepare("UPDATE state_keys SET stack_id = ?, former = NULL WHERE former = ?");
  const insert = db.prepare(
    "INSERT INTO state_keys (stack_id, id, wrapped, recipients, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const newest = db.prepare("UPDATE state_stacks SET key_id = ? WHERE id = ?");
  return (stackId, name, { id, wrapped, recipients, createdAt }) => {
    takeBack.run(stackId, name);
    insert.run(stackId, id, wrapped, JSON.stringify(recipients), createdAt);
    newest.run(id, stackId);
  };
}

/** Who can open each key, without changing anything; undefined where the file is none of ours yet. */
export function peekRecipients(file: string): readonly (readonly string[] | undefined)[] | undefined {
  if (!existsSync(file)) return undefined;
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'state_keys'").get();
    if (!known) return undefined;
    const rows = db.prepare("SELECT recipients FROM state_keys").all();
    return rows.map(({ recipients }) =>
      typeof recipients === "string" ? (JSON.parse(recipients) as string[]) : undefined,
    );
  } finally {
    db.close();
  }
}
