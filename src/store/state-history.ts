/** What goes of a stack's past when one of its updates has ended: old checkpoints and old updates. */
import type { DatabaseSync } from "node:sqlite";
import type { HistoryLimits } from "../engine/ports/history-limits.ts";

/** The newest state, and the newest that an update left which ended well: never dropped. */
const STANDING = `
  SELECT version FROM state_stacks WHERE id = ?1
  UNION SELECT max(c.version) FROM state_checkpoints c
    JOIN state_updates u ON u.stack_id = c.stack_id AND u.number = c.version
    WHERE c.stack_id = ?1 AND u.status = 'succeeded'
    HAVING max(c.version) IS NOT NULL`;

export interface StateHistory {
  /** Inside the transaction that ends an update. */
  trim(stackId: number, now: number): void;
}

export function createStateHistory(db: DatabaseSync, limits: HistoryLimits): StateHistory {
  const checkpoints = db.prepare(
    `DELETE FROM state_checkpoints WHERE stack_id = ?1 AND version NOT IN (${STANDING}) AND (
       version NOT IN (SELECT version FROM state_checkpoints WHERE stack_id = ?1 ORDER BY version DESC LIMIT ?2)
       OR version IN (SELECT number FROM state_updates WHERE stack_id = ?1 AND ended_at < ?3))`,
  );
  // An update whose state is kept says who made it, and when.
  const updates = db.prepare(
    `DELETE FROM state_updates WHERE stack_id = ?1 AND dry_run = 0 AND ended_at IS NOT NULL
       AND number < (SELECT number FROM state_stacks WHERE id = ?1)
       AND number NOT IN (SELECT version FROM state_checkpoints WHERE stack_id = ?1)
       AND (ended_at < ?3 OR number <= (SELECT number FROM state_stacks WHERE id = ?1) - ?2)`,
  );
  const neverStarted = db.prepare(
    "DELETE FROM state_updates WHERE stack_id = ? AND dry_run = 0 AND status = 'not started' AND created_at < ?",
  );
  return {
    trim: (stackId, now) => {
      const oldest = now - limits.ageMs;
      checkpoints.run(stackId, limits.states, oldest);
      updates.run(stackId, limits.runs, oldest);
      neverStarted.run(stackId, oldest);
    },
  };
}
