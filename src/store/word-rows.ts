/** What people said: approvals, pauses, leave for a first apply. */
import type { DatabaseSync } from "node:sqlite";
import type { Approval, Pause } from "../engine/ports/records.ts";
import { readDocument, readDocuments } from "./document.ts";
import { APPROVALS_KEPT } from "./records-limits.ts";

/** Statements for people's words on an open database. */
export function wordRows(db: DatabaseSync) {
  const approve = db.prepare(
    `INSERT INTO approvals (stack, digest, doc) VALUES (?, ?, ?)
     ON CONFLICT (stack, digest) DO UPDATE SET doc = excluded.doc`,
  );
  const approval = db.prepare("SELECT doc FROM approvals WHERE stack = ? AND digest = ?");
  const dropApprovals = db.prepare(
    `DELETE FROM approvals WHERE stack = ?1 AND (doc ->> '$.at' < ?3 OR digest IN (
       SELECT digest FROM approvals WHERE stack = ?1 ORDER BY doc ->> '$.at' DESC LIMIT -1 OFFSET ?2))`,
  );
  const forgetApprovals = db.prepare("DELETE FROM approvals WHERE stack = ?");
  const pause = db.prepare(
    "INSERT INTO pauses (stack, doc) VALUES (?, ?) ON CONFLICT (stack) DO UPDATE SET doc = excluded.doc",
  );
  const resume = db.prepare("DELETE FROM pauses WHERE stack = ?");
  const pauses = db.prepare("SELECT doc FROM pauses ORDER BY stack");
  const allowFirst = db.prepare(
    `INSERT INTO first_applies (stack, allowed_by, allowed_at) VALUES (?, ?, ?)
     ON CONFLICT (stack) DO UPDATE SET allowed_by = excluded.allowed_by, allowed_at = excluded.allowed_at`,
  );
  const firstAllowed = db.prepare("SELECT 1 FROM first_applies WHERE stack = ?");
  const useFirst = db.prepare("DELETE FROM first_applies WHERE stack = ?");
  return {
    approve(value: Approval): void {
      approve.run(value.stack, value.digest, JSON.stringify(value));
    },
    pruneApprovals: (stack: string, oldest: number): void =>
      void dropApprovals.run(stack, APPROVALS_KEPT, oldest),
    approval(stack: string, digest: string): Approval | undefined {
      const row = approval.get(stack, digest);
      return row && readDocument<Approval>(row);
    },
    pause: (value: Pause): void => void pause.run(value.stack, JSON.stringify(value)),
    resume: (stack: string): boolean => resume.run(stack).changes > 0,
    pauses: (): Pause[] => readDocuments<Pause>(pauses.all()),
    allowFirst: (stack: string, by: string, at: number): void => void allowFirst.run(stack, by, at),
    firstAllowed: (stack: string): boolean => firstAllowed.get(stack) !== undefined,
    /** Nothing that was said of a stack counts for a later one of the same name. */
    forget(stack: string): void {
      for (const statement of [forgetApprovals, resume, useFirst]) statement.run(stack);
    },
    useFirst: (stack: string): void => void useFirst.run(stack),
  };
}
