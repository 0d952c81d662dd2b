/** Drift in the table `drift`: one row for each resource and episode (stack, urn, since). */
import type { DatabaseSync } from "node:sqlite";
import type { DriftRecord } from "../engine/ports/records.ts";
import { readDocuments } from "./document.ts";
import { DRIFT_KEPT } from "./records-limits.ts";

/** Statements for drift on an open database. */
export function driftRows(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO drift (stack, urn, since, ended, doc) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (stack, urn, since) DO UPDATE SET ended = excluded.ended, doc = excluded.doc`,
  );
  const all = db.prepare("SELECT doc FROM drift ORDER BY since DESC, stack, urn");
  const ofStack = db.prepare("SELECT doc FROM drift WHERE stack = ? ORDER BY since DESC, urn");
  const forget = db.prepare("DELETE FROM drift WHERE stack = ?");
  const dropOld = db.prepare(
    `DELETE FROM drift WHERE (stack, urn, since) IN (SELECT stack, urn, since FROM drift
       WHERE stack = ? AND ended IS NOT NULL ORDER BY ended DESC LIMIT -1 OFFSET ?)`,
  );
  return {
    put(record: DriftRecord): void {
      put.run(record.stack, record.urn, record.since, record.endedAt ?? null, JSON.stringify(record));
    },
    list: (stack?: string): DriftRecord[] =>
      readDocuments<DriftRecord>(stack === undefined ? all.all() : ofStack.all(stack)),
    forget: (stack: string): void => void forget.run(stack),
    prune(stack: string): void {
      dropOld.run(stack, DRIFT_KEPT);
    },
  };
}
