/** Updates of stacks: lease, end, history. */
import type { DatabaseSync } from "node:sqlite";
import type {
  NewUpdate,
  Settlement,
  StartAnswer,
  StartRequest,
  StateStore,
  StoredUpdate,
} from "../engine/ports/state-store.ts";
import type { HistoryLimits } from "../engine/ports/history-limits.ts";
import { inTransaction } from "./database.ts";
import { createStateHistory } from "./state-history.ts";
import { createHandwork, handworkOfUpdate } from "./state-handwork.ts";
import { createJournalTable } from "./state-journal.ts";
import { stackOf, updateOf } from "./state-rows.ts";

type Updates = Pick<
  StateStore,
  | "createUpdate"
  | "update"
  | "startUpdate"
  | "renewLease"
  | "appendJournal"
  | "putCheckpoint"
  | "pendingCheckpoint"
  | "journal"
  | "journalAfter"
  | "liveUpdateOf"
  | "setChanges"
  | "closeUpdate"
  | "settleUpdate"
  | "openUpdates"
  | "forgetDryRuns"
  | "history"
>;

const OPEN = "dry_run = 0 AND status IN ('running', 'closing')";

function createStart(db: DatabaseSync): (request: StartRequest) => StartAnswer {
  const byId = db.prepare("SELECT * FROM state_updates WHERE id = ?");
  const holder = db.prepare(`SELECT * FROM state_updates WHERE stack_id = ? AND ${OPEN}`);
  const begin = db.prepare(
    `UPDATE state_updates SET status = 'running', token_hash = ?, expires_at = ?, started_at = ?, holder = ?,
       base_version = (SELECT version FROM state_stacks WHERE id = stack_id),
       binding = (SELECT binding FROM state_runs r WHERE r.run_id = state_updates.run_id)
     WHERE id = ?`,
  );
  const count = db.prepare("UPDATE state_stacks SET number = number + 1 WHERE id = ? RETURNING number");
  const setNumber = db.prepare("UPDATE state_updates SET number = ? WHERE id = ?");
  const setTags = db.prepare("UPDATE state_stacks SET tags = ? WHERE id = ?");
  return request =>
    inTransaction(db, () => {
      const row = byId.get(request.id);
      if (row?.status !== "not started") return { outcome: "gone" };
      const update = updateOf(row);
      const other = update.dryRun ? undefined : holder.get(update.stackId);
      if (other) return { outcome: "busy", holder: updateOf(other) };
      const held = request.holder ? JSON.stringify(request.holder) : null;
      begin.run(request.tokenHash, request.expiresAt, request.at, held, request.id);
      if (!update.dryRun) {
        const next = count.get(update.stackId);
        setNumber.run(Number(next?.number), request.id);
        if (request.tags) setTags.run(JSON.stringify(request.tags), update.stackId);
      }
      const started = byId.get(request.id);
      return started ? { outcome: "started", update: updateOf(started) } : { outcome: "gone" };
    });
}

function createSettle(
  db: DatabaseSync,
  limits: HistoryLimits,
): (id: string, settlement: Settlement) => number {
  const byId = db.prepare("SELECT * FROM state_updates WHERE id = ?");
  const end = db.prepare("UPDATE state_updates SET status = ?, ended_at = ?, checkpoint = NULL WHERE id = ?");
  const dropJournal = db.prepare("DELETE FROM state_journal WHERE update_id = ?");
  const put = db.prepare(
    "INSERT OR REPLACE INTO state_checkpoints (stack_id, version, text) VALUES (?, ?, ?)",
  );
  const moved = db.prepare("UPDATE state_stacks SET version = ?, resources = ? WHERE id = ?");
  const touched = db.prepare("UPDATE state_stacks SET updated_at = ? WHERE id = ?");
  const rename = db.prepare("UPDATE state_stacks SET name = ? WHERE id = ?");
  const stackById = db.prepare("SELECT * FROM state_stacks WHERE id = ?");
  const handwork = createHandwork(db);
  const noteWork = (update: StoredUpdate, settlement: Settlement): void => {
    const stack = stackById.get(update.stackId);
    const work = stack && handworkOfUpdate(stackOf(stack), update, settlement);
    if (work) handwork.keep(work);
  };
  const history = createStateHistory(db, limits);
  const version = db.prepare(
    "SELECT s.version FROM state_stacks s JOIN state_updates u ON u.stack_id = s.id WHERE u.id = ?",
  );
  return (id, settlement) =>
    inTransaction(db, () => {
      const row = byId.get(id);
      if (row?.status === "closing") {
        const update = updateOf(row);
        const { checkpoint, at } = settlement;
        if (checkpoint) {
          put.run(update.stackId, update.number, checkpoint.text);
          moved.run(update.number, checkpoint.resources, update.stackId);
        }
        dropJournal.run(id);
        end.run(settlement.status, at, id);
        noteWork(update, settlement);
        if (settlement.rename !== undefined) rename.run(settlement.rename, update.stackId);
        if (!update.dryRun) {
          touched.run(at, update.stackId);
          history.trim(update.stackId, at);
        }
      }
      return Number(version.get(id)?.version ?? 0);
    });
}

function createInsert(db: DatabaseSync): (update: NewUpdate) => void {
  const insert = db.prepare(
    `INSERT INTO state_updates (id, stack_id, kind, dry_run, who, run_id, status, created_at, message, environment, config)
     VALUES (?, ?, ?, ?, ?, ?, 'not started', ?, ?, ?, ?)`,
  );
  return update => {
    const { id, stackId, kind, dryRun, who, runId, createdAt, message, environment, config } = update;
    const env = JSON.stringify(environment);
    insert.run(
      id,
      stackId,
      kind,
      dryRun ? 1 : 0,
      who,
      runId ?? null,
      createdAt,
      message,
      env,
      JSON.stringify(config),
    );
  };
}

export function createUpdates(db: DatabaseSync, limits: HistoryLimits): Updates {
  const journal = createJournalTable(db);
  const insert = createInsert(db);
  const start = createStart(db);
  const settle = createSettle(db, limits);
  const byId = db.prepare("SELECT * FROM state_updates WHERE id = ?");
  const renew = db.prepare(
    "UPDATE state_updates SET expires_at = ?, renewed_at = ? WHERE id = ? AND status = 'running'",
  );
  const put = db.prepare(
    "UPDATE state_updates SET checkpoint = ? WHERE id = ? AND status = 'running' AND dry_run = 0",
  );
  const changes = db.prepare("UPDATE state_updates SET changes = ? WHERE id = ?");
  const close = db.prepare(
    "UPDATE state_updates SET status = 'closing', closing = ? WHERE id = ? AND status = 'running' RETURNING 1",
  );
  // By the stack, which has an index of its open update; a run has one stack.
  const live = db.prepare(
    `SELECT u.id FROM state_runs r JOIN state_updates u ON u.stack_id = r.stack_id
     WHERE r.run_id = ?1 AND u.run_id = ?1 AND u.dry_run = 0 AND u.status = 'running' AND u.status IN ('running', 'closing')
       AND u.expires_at > ?2`,
  );
  const open = db.prepare(`SELECT * FROM state_updates WHERE ${OPEN}`);
  const openOf = db.prepare(`SELECT * FROM state_updates WHERE stack_id = ? AND ${OPEN}`);
  const forget = db.prepare("DELETE FROM state_updates WHERE dry_run = 1 AND created_at < ?");
  const page = db.prepare(
    "SELECT * FROM state_updates WHERE stack_id = ? AND dry_run = 0 AND number > 0 ORDER BY number DESC LIMIT ? OFFSET ?",
  );
  const find = (id: string): StoredUpdate | undefined => {
    const row = byId.get(id);
    return row && updateOf(row);
  };
  return {
    createUpdate: async update => insert(update),
    update: async id => find(id),
    startUpdate: async request => start(request),
    renewLease: async (id, expiresAt, at) => renew.run(expiresAt, at, id).changes === 1,
    appendJournal: (id, rows) => journal.append(id, rows),
    putCheckpoint: async (id, text) => put.run(text, id).changes === 1,
    pendingCheckpoint: async id => {
      const text = byId.get(id)?.checkpoint;
      return typeof text === "string" ? text : undefined;
    },
    journal: async id => journal.read(id),
    journalAfter: async (id, sequence) => journal.readAfter(id, sequence),
    liveUpdateOf: async (runId, at) => {
      const id = live.get(runId, at)?.id;
      return typeof id === "string" ? id : undefined;
    },
    setChanges: async (id, counts) => void changes.run(JSON.stringify(counts), id),
    closeUpdate: async (id, status) => close.get(status, id) !== undefined || find(id)?.status === "closing",
    settleUpdate: async (id, settlement) => settle(id, settlement),
    openUpdates: async stackId => (stackId === undefined ? open.all() : openOf.all(stackId)).map(updateOf),
    forgetDryRuns: async before => void forget.run(before),
    history: async (stackId, limit, offset) => page.all(stackId, limit, offset).map(updateOf),
  };
}
