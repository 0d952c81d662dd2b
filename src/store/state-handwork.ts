/** What people did: kept in the transaction that it happened in, until somebody has put it on record. */
import type { DatabaseSync } from "node:sqlite";
import type { Handwork } from "../engine/ports/state.ts";
import type { Settlement, StateStore, StoredStack, StoredUpdate } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";
import { handworkOf } from "./state-rows.ts";

export interface HandworkTable {
  /** To be called inside a transaction. */
  keep(work: Handwork): void;
  readonly methods: Pick<StateStore, "handwork" | "takeHandwork">;
}

export function createHandwork(db: DatabaseSync): HandworkTable {
  const insert = db.prepare("INSERT OR REPLACE INTO state_handwork (id, ended_at, doc) VALUES (?, ?, ?)");
  const all = db.prepare("SELECT doc FROM state_handwork ORDER BY ended_at, id");
  const take = db.prepare("DELETE FROM state_handwork WHERE id = ?");
  return {
    keep: work => void insert.run(work.id, work.endedAt, JSON.stringify(work)),
    methods: {
      handwork: async () => all.all().map(handworkOf),
      takeHandwork: async ids => inTransaction(db, () => ids.forEach(id => take.run(id))),
    },
  };
}

/** Undefined for what a run of holdfast did: that has a record of its own. */
export function handworkOfUpdate(
  stack: StoredStack,
  update: StoredUpdate,
  settlement: Settlement,
): Handwork | undefined {
  if (update.dryRun || update.runId !== undefined) return undefined;
  const { id, kind, who, message, environment, startedAt, createdAt, changes, holder } = update;
  const { status, at, checkpoint, rename } = settlement;
  return {
    id,
    stack: stack.name,
    kind,
    who,
    startedAt: startedAt ?? createdAt,
    endedAt: at,
    end: status,
    moved: checkpoint !== undefined,
    ...(changes && { counts: changes }),
    message,
    environment,
    ...(holder && { holder }),
    ...(rename !== undefined && { renamed: rename }),
  };
}
