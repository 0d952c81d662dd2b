/**
 * The records in SQLite. The interface is asynchronous so that a store on another machine can take this one's place;
 * here each call is done, and safe on disk, when it comes back.
 */
import type { DatabaseSync } from "node:sqlite";
import { DEFAULT_HISTORY } from "../engine/ports/history-limits.ts";
import type { DriftRecord, Records, RunRecord, StackStatus } from "../engine/ports/records.ts";
import { inTransaction } from "./database.ts";
import { driftRows } from "./drift-rows.ts";
import { runRows } from "./run-rows.ts";
import { processRows, settingRows, statusRows } from "./small-rows.ts";
import { wordRows } from "./word-rows.ts";

export { recordsMigrations } from "./records-schema.ts";

/** Leave for a first apply is used up when the stack has been brought to what the program says. */
const usesFirstApply = (run: RunRecord): boolean =>
  run.mode === "converge" && (run.outcome === "converged" || run.outcome === "unchanged");

/** Records on a database that was opened with `recordsMigrations`. Failures of the database are thrown. */
export function createSqliteRecords(db: DatabaseSync, limits = DEFAULT_HISTORY): Records {
  const statuses = statusRows(db);
  const runs = runRows(db, limits);
  const drift = driftRows(db);
  const words = wordRows(db);
  const settings = settingRows(db);
  const processes = processRows(db);
  const prune = (stack: string, oldest: number): void => {
    runs.prune(stack, oldest);
    runs.pruneForgotten(oldest);
    drift.prune(stack, oldest);
    words.pruneApprovals(stack, oldest);
  };
  const commit = (status: StackStatus, run: RunRecord, seen: readonly DriftRecord[]): void => {
    statuses.put(status);
    runs.put(run);
    for (const record of seen) drift.put(record);
    if (usesFirstApply(run)) words.useFirst(run.stack);
    prune(run.stack, (run.endedAt ?? run.startedAt) - limits.ageMs);
  };
  const forget = (stack: string): void => {
    for (const rows of [statuses, drift, words]) rows.forget(stack);
  };
  return {
    status: async stack => statuses.one(stack),
    statuses: async () => statuses.all(),
    commitRun: async (status, run, seen) => inTransaction(db, () => commit(status, run, seen)),
    putStatus: async status => statuses.put(status),
    forget: async stack => inTransaction(db, () => forget(stack)),
    startRun: async run => runs.put(run),
    unfinishedRuns: async () => runs.unfinished(),
    run: async id => runs.one(id),
    runs: async filter => runs.list(filter),
    drift: async filter => drift.list(filter),
    approve: async approval => words.approve(approval),
    approval: async (stack, digest) => words.approval(stack, digest),
    pause: async pause => words.pause(pause),
    resume: async stack => words.resume(stack),
    pauses: async () => words.pauses(),
    allowFirst: async (stack, by, at) => words.allowFirst(stack, by, at),
    firstAllowed: async stack => words.firstAllowed(stack),
    setting: async key => settings.one(key),
    setSetting: async (key, value) => settings.put(key, value),
    processStarted: async process => processes.put(process),
    processEnded: async pid => processes.remove(pid),
    processes: async () => processes.all(),
  };
}
