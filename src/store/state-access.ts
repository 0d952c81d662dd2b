/** Who may speak to the state service: tokens of runs and of people. */
import type { DatabaseSync } from "node:sqlite";
import type { StateStore } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";
import { refusalOf, runOf, tokenOf } from "./state-rows.ts";

type Runs = Pick<
  StateStore,
  "openRun" | "run" | "runByToken" | "runs" | "bindRun" | "addRefusals" | "refusals" | "endRun"
>;
type Tokens = Pick<StateStore, "createToken" | "tokenByHash" | "tokenUsed" | "tokens" | "revokeToken">;

export function createRuns(db: DatabaseSync): Runs {
  const insert = db.prepare(
    "INSERT OR REPLACE INTO state_runs (run_id, stack_id, token_hash, about, holder, binding) VALUES (?, ?, ?, ?, ?, NULL)",
  );
  const byId = db.prepare("SELECT * FROM state_runs WHERE run_id = ?");
  const byToken = db.prepare("SELECT * FROM state_runs WHERE token_hash = ?");
  const all = db.prepare("SELECT * FROM state_runs");
  const bind = db.prepare("UPDATE state_runs SET binding = ? WHERE run_id = ?");
  const refuse = db.prepare(
    "INSERT OR IGNORE INTO state_refusals (run_id, urn, operation, why) SELECT run_id, ?, ?, ? FROM state_runs WHERE run_id = ?",
  );
  const refused = db.prepare("SELECT * FROM state_refusals WHERE run_id = ? ORDER BY rowid");
  const end = db.prepare("DELETE FROM state_runs WHERE run_id = ?");
  return {
    openRun: async ({ runId, stackId, tokenHash, about, holder }) =>
      void insert.run(runId, stackId, tokenHash, about ?? null, holder ? JSON.stringify(holder) : null),
    run: async runId => {
      const row = byId.get(runId);
      return row && runOf(row);
    },
    runByToken: async hash => {
      const row = byToken.get(hash);
      return row && runOf(row);
    },
    runs: async () => all.all().map(runOf),
    bindRun: async (runId, binding) => {
      if (bind.run(JSON.stringify(binding), runId).changes === 0) throw new Error(`run ${runId} is not open`);
    },
    addRefusals: async (runId, refusals) =>
      inTransaction(db, () => {
        for (const { urn, operation, why } of refusals) refuse.run(urn, operation, why, runId);
      }),
    refusals: async runId => refused.all(runId).map(refusalOf),
    endRun: async runId => void end.run(runId),
  };
}

export function createTokens(db: DatabaseSync): Tokens {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO state_tokens (name, token_hash, created_at) VALUES (?, ?, ?)",
  );
  const byHash = db.prepare("SELECT * FROM state_tokens WHERE token_hash = ?");
  const used = db.prepare("UPDATE state_tokens SET used_at = ? WHERE name = ?");
  const all = db.prepare("SELECT * FROM state_tokens ORDER BY name");
  const revoke = db.prepare("DELETE FROM state_tokens WHERE name = ?");
  return {
    createToken: async ({ name, tokenHash, at }) => insert.run(name, tokenHash, at).changes === 1,
    tokenByHash: async hash => {
      const row = byHash.get(hash);
      return row && tokenOf(row);
    },
    tokenUsed: async (name, at) => void used.run(at, name),
    tokens: async () => all.all().map(tokenOf),
    revokeToken: async name => revoke.run(name).changes === 1,
  };
}
