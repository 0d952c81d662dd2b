import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { DatabaseSync } from "node:sqlite";
import { DEFAULT_HISTORY } from "../../../src/engine/ports/history-limits.ts";
import type { StateStore } from "../../../src/engine/ports/state-store.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../../src/store/state-sqlite.ts";

let folder: string;
let db: DatabaseSync;
let store: StateStore;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "state-store-"));
  db = openDatabase(path.join(folder, "holdfast.db"), stateMigrations);
  store = createSqliteStateStore(db);
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

async function newStack(name: string): Promise<number> {
  const key = { id: "00000001", wrapped: new Uint8Array(4), recipients: ["age1ann"] };
  assert.ok(await store.createStack({ name, tags: {}, key, at: 1 }));
  return (await store.stack(name))?.id ?? 0;
}

async function running(id: string, stackId: number): Promise<void> {
  const update = { id, stackId, kind: "update", dryRun: false, who: "anna", createdAt: 1 };
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  const started = await store.startUpdate({ id, tokenHash: new Uint8Array(32), at: 2, expiresAt: 100 });
  assert.equal(started.outcome, "started");
}

const row = (sequence: number): { sequence: number; text: string } => ({
  sequence,
  text: `{"n":${sequence}}`,
});

test("appends of one moment share a commit; each (update, sequence) is kept once, in order", async () => {
  const [one, two] = [await newStack("p/one"), await newStack("p/two")];
  await running("u1", one);
  await running("u2", two);
  let commits = 0;
  const exec = db.exec.bind(db);
  db.exec = (sql: string): void => {
    if (sql === "COMMIT") commits += 1;
    exec(sql);
  };
  const answers = await Promise.all([
    store.appendJournal("u1", [row(2), row(1)]),
    store.appendJournal("u2", [row(1)]),
    store.appendJournal("u1", [row(2), row(3)]),
    store.appendJournal("nobody", [row(1)]),
  ]);
  assert.deepEqual(answers, [true, true, true, false]);
  assert.equal(commits, 1);
  assert.deepEqual(await store.journal("u1"), ['{"n":1}', '{"n":2}', '{"n":3}']);
});

test("a closed update takes nothing more; its end is written once", async () => {
  const id = await newStack("p/one");
  await running("u1", id);
  assert.ok(await store.closeUpdate("u1", "failed"));
  assert.equal(await store.appendJournal("u1", [row(1)]), false);
  assert.equal(await store.renewLease("u1", 500, 200), false);
  const checkpoint = (text: string) => ({
    status: "failed" as const,
    at: 5,
    checkpoint: { text, resources: 1 },
  });
  assert.equal(await store.settleUpdate("u1", checkpoint("first")), 1);
  assert.equal(await store.settleUpdate("u1", checkpoint("second")), 1);
  assert.equal((await store.checkpoint(id))?.text, "first");
});

test("one lease for each stack, seen from every connection", async () => {
  const id = await newStack("p/one");
  await running("u1", id);
  const other = openDatabase(path.join(folder, "holdfast.db"), stateMigrations);
  const second = createSqliteStateStore(other);
  const update = { id: "u2", stackId: id, kind: "update", dryRun: false, who: "bert", createdAt: 1 };
  await second.createUpdate({ ...update, message: "", environment: {}, config: {} });
  const started = await second.startUpdate({
    id: "u2",
    tokenHash: new Uint8Array(32),
    at: 2,
    expiresAt: 100,
  });
  assert.equal(started.outcome === "busy" && started.holder.who, "anna");
  other.close();
});

/** An update that leaves a state, and ends at this moment. */
async function ended(id: string, stackId: number, status: "succeeded" | "failed", at: number): Promise<void> {
  await running(id, stackId);
  await store.closeUpdate(id, status);
  await store.settleUpdate(id, { status, at, checkpoint: { text: id, resources: 1 } });
}

const numbers = async (stackId: number): Promise<readonly number[]> =>
  (await store.history(stackId, 100, 0)).map(({ number }) => number);

test("only the newest states are kept, and a removed stack leaves nothing", async () => {
  store = createSqliteStateStore(db, { ...DEFAULT_HISTORY, states: 3, runs: 4 });
  const id = await newStack("p/one");
  for (let n = 1; n <= 6; n++) await ended(`u${n}`, id, "succeeded", n);
  assert.deepEqual(await store.checkpointVersions(id), [6, 5, 4]);
  assert.deepEqual(await numbers(id), [6, 5, 4, 3]);
  await store.removeStack(id);
  for (const table of ["state_checkpoints", "state_updates", "state_journal"])
    assert.deepEqual(db.prepare(`SELECT * FROM ${table}`).all(), []);
});

test("the newest good state outlives any number of bad ones", async () => {
  store = createSqliteStateStore(db, { ...DEFAULT_HISTORY, states: 2, runs: 2 });
  const id = await newStack("p/one");
  await ended("good", id, "succeeded", 1);
  for (let n = 1; n <= 5; n++) await ended(`bad${n}`, id, "failed", n + 1);
  assert.deepEqual(await store.checkpointVersions(id), [6, 5, 1]);
  assert.equal((await store.checkpoint(id, 1))?.text, "good");
  assert.deepEqual(await numbers(id), [6, 5, 1], "who made a kept state is still said");
});

test("what is too old goes, but never the newest state nor the newest good one", async () => {
  store = createSqliteStateStore(db, { ...DEFAULT_HISTORY, ageMs: 100 });
  const [id, other] = [await newStack("p/one"), await newStack("p/two")];
  await ended("other", other, "succeeded", 1);
  await ended("u1", id, "succeeded", 1);
  await ended("u2", id, "succeeded", 2);
  await ended("u3", id, "failed", 3);
  const asked = { stackId: id, kind: "update", dryRun: false, who: "anna", createdAt: 3 };
  await store.createUpdate({ id: "never", ...asked, message: "", environment: {}, config: {} });
  await ended("u4", id, "failed", 500);
  assert.deepEqual(await store.checkpointVersions(id), [4, 2]);
  assert.deepEqual(await numbers(id), [4, 2]);
  assert.equal(await store.update("never"), undefined, "one that never started");
  assert.deepEqual(await store.checkpointVersions(other), [1]);
  await running("u5", id);
  await store.closeUpdate("u5", "succeeded");
  await store.settleUpdate("u5", { status: "succeeded", at: 5000 });
  assert.deepEqual(await store.checkpointVersions(id), [4, 2], "nothing moved: both still stand");
});
