import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { DriftRecord, RunRecord, StackStatus } from "../../../src/engine/ports/records.ts";
import type { Revision } from "../../../src/engine/ports/source.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { createSqliteRecords, recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { recordsContract, type RecordsUnderTest } from "../../support/records-contract.ts";

async function open(): Promise<RecordsUnderTest> {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-records-"));
  const file = path.join(folder, "holdfast.db");
  let db = openDatabase(file, recordsMigrations);
  return {
    records: createSqliteRecords(db),
    async reopen() {
      db.close();
      db = openDatabase(file, recordsMigrations);
      return createSqliteRecords(db);
    },
    async close() {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

recordsContract("SQLite", open);

const revision: Revision = { sha: "a".repeat(40), author: "Sam", subject: "s", time: 1 };
const status = { stack: "p/one", attempts: 0, drifted: false, unknown: [], lightChecks: 0, resources: 0 };
const endedRun = (id: string, endedAt: number, more: Partial<RunRecord> = {}): RunRecord => ({
  id,
  stack: "p/one",
  mode: "converge",
  trigger: "commit",
  revision,
  startedAt: endedAt,
  endedAt,
  outcome: "failed",
  ...more,
});

const driftOf = (urn: string, more: Partial<DriftRecord> = {}): DriftRecord => ({
  stack: "p/one",
  urn,
  kind: "changed",
  paths: [],
  since: 2,
  seenAt: 2,
  run: "r02",
  result: "open",
  ...more,
});

test("ended drift, approvals and the runs of forgotten stacks go by age", async () => {
  const db = openDatabase(":memory:", recordsMigrations);
  const records = createSqliteRecords(db, { runs: 10, states: 1, ageMs: 100 });
  const now: StackStatus = { ...status, references: [] };
  const gone = endedRun("r00", 50, { stack: "p/gone" });
  await records.commitRun({ ...now, stack: "p/gone" }, gone, []);
  await records.forget("p/gone");
  for (const [digest, at] of [
    ["old", 1],
    ["new", 150],
  ] as const)
    await records.approve({ stack: "p/one", digest, by: "sam", at });
  const drift = [driftOf("ended", { endedAt: 10 }), driftOf("open"), driftOf("late", { endedAt: 150 })];
  await records.commitRun(now, endedRun("r01", 60), drift);
  const seen = async (): Promise<readonly unknown[]> => [
    (await records.runs({})).map(({ id }) => id),
    (await records.drift()).map(({ urn }) => urn),
    [await records.approval("p/one", "old"), await records.approval("p/one", "new")].map(one => one?.at),
  ];
  assert.deepEqual(await seen(), [
    ["r01", "r00"],
    ["ended", "late", "open"],
    [1, 150],
  ]);
  await records.commitRun(now, endedRun("r02", 155), []);
  assert.deepEqual(await seen(), [
    ["r02", "r01"],
    ["late", "open"],
    [undefined, 150],
  ]);
  db.close();
});

test("runs go by count and age, but not those that the status refers to", async () => {
  const db = openDatabase(":memory:", recordsMigrations);
  const records = createSqliteRecords(db, { runs: 3, states: 1, ageMs: 100 });
  const left = async (): Promise<readonly string[]> => (await records.runs({})).map(({ id }) => id);
  const now: StackStatus = { ...status, references: [], deployed: revision };
  await records.commitRun(now, endedRun("r01", 1, { outcome: "converged" }), []);
  await records.commitRun(now, endedRun("r02", 2, { mode: "check", outcome: "drifted" }), [driftOf("u")]);
  await records.startRun(endedRun("r03", 3, { endedAt: undefined, outcome: undefined }));
  for (let n = 4; n <= 9; n++) await records.commitRun(now, endedRun(`r0${n}`, n), []);
  assert.deepEqual(await left(), ["r09", "r08", "r07", "r03", "r02", "r01"], "by count");
  const later = { ...now, lastRun: "r07" };
  await records.commitRun(later, endedRun("r10", 500), []);
  assert.deepEqual(await left(), ["r10", "r07", "r03", "r02", "r01"], "by age");
  const found = endedRun("r11", 501, { outcome: "unchanged" });
  await records.commitRun({ ...later, lastRun: "r11" }, found, [driftOf("u", { endedAt: 501 })]);
  assert.deepEqual(await left(), ["r11", "r10", "r03", "r01"], "what nothing refers to any more");
  db.close();
});
