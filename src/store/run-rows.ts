/** Runs in the table `runs`: written, read and pruned. All functions are to be called inside a transaction or alone. */
import type { DatabaseSync } from "node:sqlite";
import type { RunFilter, RunRecord } from "../engine/ports/records.ts";
import { readDocument, readDocuments, type Row } from "./document.ts";
import type { HistoryLimits } from "../engine/ports/history-limits.ts";
import { capLog, PLANS_KEPT, QUIET_RUNS_KEPT } from "./records-limits.ts";

/** Runs of a list, where the caller does not say. */
const DEFAULT_LIMIT = 100;

const isQuiet = (run: RunRecord): boolean =>
  run.outcome === "unchanged" && (run.trigger === "drift" || run.trigger === "probe");

function fromRow(row: Row): RunRecord {
  const run = readDocument<RunRecord>(row);
  return {
    ...run,
    ...(row["plan"] === null ? {} : { plan: readDocument<RunRecord["plan"]>(row, "plan") }),
    ...(typeof row["log"] === "string" ? { log: row["log"] } : {}),
  };
}

/**
 * The last run, those that deployed the newest state and found it so, and those that found drift which is still open:
 * what the status refers to is never dropped.
 */
const STANDING = `
  SELECT doc ->> '$.lastRun' FROM stack_status WHERE stack = ?1 AND doc ->> '$.lastRun' IS NOT NULL
  UNION SELECT doc ->> '$.run' FROM drift WHERE stack = ?1 AND ended IS NULL AND doc ->> '$.run' IS NOT NULL
  UNION SELECT id FROM (SELECT id FROM runs WHERE stack = ?1 AND quiet = 0 AND doc ->> '$.mode' = 'converge'
    AND doc ->> '$.outcome' = 'converged' ORDER BY started DESC, id DESC LIMIT 1)
  UNION SELECT id FROM (SELECT id FROM runs WHERE stack = ?1 AND quiet = 0 AND doc ->> '$.mode' = 'converge'
    AND doc ->> '$.outcome' IN ('converged', 'unchanged')
    AND doc ->> '$.revision.sha' = (SELECT doc ->> '$.deployed.sha' FROM stack_status WHERE stack = ?1)
    ORDER BY started DESC, id DESC LIMIT 1)`;

/** Statements for runs on an open database. */
export function runRows(db: DatabaseSync, limits: HistoryLimits) {
  const put = db.prepare(
    `INSERT INTO runs (id, stack, started, ended, quiet, doc, plan, log) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET stack = excluded.stack, started = excluded.started, ended = excluded.ended,
       quiet = excluded.quiet, doc = excluded.doc, plan = excluded.plan, log = excluded.log`,
  );
  const one = db.prepare("SELECT doc, plan, log FROM runs WHERE id = ?");
  const newest = db.prepare("SELECT doc FROM runs ORDER BY started DESC, id DESC LIMIT ?");
  const newestOf = db.prepare("SELECT doc FROM runs WHERE stack = ? ORDER BY started DESC, id DESC LIMIT ?");
  const unfinished = db.prepare("SELECT doc FROM runs WHERE ended IS NULL ORDER BY started, id");
  const dropOld = db.prepare(
    `DELETE FROM runs WHERE stack = ?1 AND quiet = ?2 AND ended IS NOT NULL AND id NOT IN (${STANDING}) AND (
       ended < ?4 OR id IN (SELECT id FROM runs WHERE stack = ?1 AND quiet = ?2 AND ended IS NOT NULL
         ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?3))`,
  );
  const dropPlans = db.prepare(
    `UPDATE runs SET plan = NULL WHERE id IN (SELECT id FROM runs WHERE stack = ? AND quiet = 0 AND plan IS NOT NULL
       ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?)`,
  );
  // By start, which has an index: a run that began earlier and has ended since is as old.
  const dropForgotten = db.prepare(
    `DELETE FROM runs WHERE started < ?1 AND ended < ?1 AND stack NOT IN (SELECT stack FROM stack_status)`,
  );
  return {
    put(run: RunRecord): void {
      const { plan, log, ...rest } = run;
      const planText = plan ? JSON.stringify(plan) : null;
      const logText = log === undefined ? null : capLog(log);
      const ended = run.endedAt ?? null;
      const quiet = isQuiet(run) ? 1 : 0;
      put.run(run.id, run.stack, run.startedAt, ended, quiet, JSON.stringify(rest), planText, logText);
    },
    one(id: string): RunRecord | undefined {
      const row = one.get(id);
      return row && fromRow(row);
    },
    list({ stack, limit = DEFAULT_LIMIT }: RunFilter): RunRecord[] {
      const rows = stack === undefined ? newest.all(limit) : newestOf.all(stack, limit);
      return readDocuments<RunRecord>(rows);
    },
    unfinished: (): RunRecord[] => readDocuments<RunRecord>(unfinished.all()),
    prune(stack: string, oldest: number): void {
      dropOld.run(stack, 0, limits.runs, oldest);
      dropOld.run(stack, 1, Math.min(limits.runs, QUIET_RUNS_KEPT), oldest);
      dropPlans.run(stack, PLANS_KEPT);
    },
    /** Of stacks that are gone: nobody commits a run of theirs any more. */
    pruneForgotten: (oldest: number): void => void dropForgotten.run(oldest),
  };
}
