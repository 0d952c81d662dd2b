/** Drift in the table `drift`: one row for each resource and episode (stack, urn, since). */
import type { DatabaseSync } from "node:sqlite";
import type { DriftFilter, DriftRecord } from "../engine/ports/records.ts";
import { readDocuments } from "./document.ts";
import { DRIFT_KEPT } from "./records-limits.ts";

/** Statements for drift on an open database. */
export function driftRows(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO drift (stack, urn, since, ended, doc) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (stack, urn, since) DO UPDATE SET ended = excluded.ended, doc = excluded.doc`,
  );
  const all = db.prepare(
    "SELECT doc FROM drift WHERE ended IS NULL OR NOT ? ORDER BY since DESC, stack, urn",
  );
  const ofStack = db.prepare(
    "SELECT doc FROM drift WHERE stack = ? AND (ended IS NULL OR NOT ?) ORDER BY since DESC, urn",
  );
  const forget = db.prepare("DELETE FROM drift WHERE stack = ?");
  const dropOld = db.prepare(
    `DELETE FROM drift WHERE stack = ?1 AND ended IS NOT NULL AND (ended < ?3 OR (urn, since) IN (
       SELECT urn, since FROM drift WHERE stack = ?1 AND ended IS NOT NULL
         ORDER BY ended DESC LIMIT -1 OFFSET ?2))`,
  );
  return {
    put(record: DriftRecord): void {
      put.run(record.stack, record.urn, record.since, record.endedAt ?? null, JSON.stringify(record));
    },
    list({ stack, open }: DriftFilter = {}): DriftRecord[] {
      const only = open ? 1 : 0;
      return readDocuments<DriftRecord>(stack === undefined ? all.all(only) : ofStack.all(stack, only));
    },
    forget: (stack: string): void => void forget.run(stack),
    prune(stack: string, oldest: number): void {
      dropOld.run(stack, DRIFT_KEPT, oldest);
    },
  };
}
