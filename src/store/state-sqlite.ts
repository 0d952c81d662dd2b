/** The state store on SQLite. The database is opened with `stateMigrations` (state-schema.ts). */
import type { DatabaseSync } from "node:sqlite";
import { DEFAULT_HISTORY } from "../engine/ports/history-limits.ts";
import type { StateStore } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";
import { createHandwork } from "./state-handwork.ts";
import { createFirstKey, createKeys } from "./state-keys.ts";
import { createOrganization } from "./state-organization.ts";
import { createRuns, createTokens } from "./state-access.ts";
import { stackOf } from "./state-rows.ts";
import { createUpdates } from "./state-updates.ts";

type Stacks = Pick<
  StateStore,
  | "createStack"
  | "stack"
  | "stackById"
  | "stacks"
  | "removeStack"
  | "setTags"
  | "checkpoint"
  | "checkpointVersions"
  | "replaceCheckpoint"
>;

function createStacks(db: DatabaseSync): Stacks {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO state_stacks (name, tags, created_at) VALUES (?, ?, ?) RETURNING id",
  );
  const firstKey = createFirstKey(db);
  const byName = db.prepare("SELECT * FROM state_stacks WHERE name = ?");
  const byId = db.prepare("SELECT * FROM state_stacks WHERE id = ?");
  const all = db.prepare("SELECT * FROM state_stacks ORDER BY name");
  const remove = db.prepare("DELETE FROM state_stacks WHERE id = ?");
  const handwork = createHandwork(db);
  const tag = db.prepare("UPDATE state_stacks SET tags = ? WHERE id = ?");
  const newest = db.prepare(
    "SELECT version, text FROM state_checkpoints WHERE stack_id = ? AND version <= ? ORDER BY version DESC LIMIT 1",
  );
  const versions = db.prepare(
    "SELECT version FROM state_checkpoints WHERE stack_id = ? ORDER BY version DESC",
  );
  const replace = db.prepare("UPDATE state_checkpoints SET text = ? WHERE stack_id = ? AND version = ?");
  return {
    createStack: async ({ name, tags, key, at }) =>
      inTransaction(db, () => {
        const id = insert.get(name, JSON.stringify(tags), at)?.["id"];
        if (typeof id !== "number") return false;
        firstKey(id, name, { ...key, createdAt: at });
        return true;
      }),
    stack: async name => {
      const row = byName.get(name);
      return row && stackOf(row);
    },
    stackById: async id => {
      const row = byId.get(id);
      return row && stackOf(row);
    },
    stacks: async () => all.all().map(stackOf),
    removeStack: async (id, work) =>
      inTransaction(db, () => {
        remove.run(id);
        if (work) handwork.keep(work);
      }),
    setTags: async (id, tags) => void tag.run(JSON.stringify(tags), id),
    checkpoint: async (stackId, atMost = Number.MAX_SAFE_INTEGER) => {
      const row = newest.get(stackId, atMost);
      return row && { version: Number(row.version), text: String(row.text) };
    },
    checkpointVersions: async stackId => versions.all(stackId).map(row => Number(row.version)),
    replaceCheckpoint: async (stackId, version, text) => void replace.run(text, stackId, version),
  };
}

export const createSqliteStateStore = (db: DatabaseSync, limits = DEFAULT_HISTORY): StateStore => ({
  ...createStacks(db),
  ...createUpdates(db, limits),
  ...createRuns(db),
  ...createTokens(db),
  ...createOrganization(db),
  ...createHandwork(db).methods,
  ...createKeys(db),
});
