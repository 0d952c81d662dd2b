/** The state store on SQLite. The database is opened with `stateMigrations` (state-schema.ts). */
import type { DatabaseSync } from "node:sqlite";
import type { StateStore } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";
import { createHandwork } from "./state-handwork.ts";
import { createOrganization } from "./state-organization.ts";
import { createRuns, createTokens } from "./state-access.ts";
import { stackOf } from "./state-rows.ts";
import { createUpdates } from "./state-updates.ts";

type Stacks = Pick<
  StateStore,
  "createStack" | "stack" | "stackById" | "stacks" | "removeStack" | "setTags" | "checkpoint"
>;

function createStacks(db: DatabaseSync): Stacks {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO state_stacks (name, tags, wrapped_key, created_at) VALUES (?, ?, ?, ?)",
  );
  const byName = db.prepare("SELECT * FROM state_stacks WHERE name = ?");
  const byId = db.prepare("SELECT * FROM state_stacks WHERE id = ?");
  const all = db.prepare("SELECT * FROM state_stacks ORDER BY name");
  const remove = db.prepare("DELETE FROM state_stacks WHERE id = ?");
  const handwork = createHandwork(db);
  const tag = db.prepare("UPDATE state_stacks SET tags = ? WHERE id = ?");
  const newest = db.prepare(
    "SELECT version, text FROM state_checkpoints WHERE stack_id = ? AND version <= ? ORDER BY version DESC LIMIT 1",
  );
  return {
    createStack: async ({ name, tags, wrappedKey, at }) =>
      insert.run(name, JSON.stringify(tags), wrappedKey, at).changes === 1,
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
  };
}

export const createSqliteStateStore = (db: DatabaseSync): StateStore => ({
  ...createStacks(db),
  ...createUpdates(db),
  ...createRuns(db),
  ...createTokens(db),
  ...createOrganization(db),
  ...createHandwork(db).methods,
});
