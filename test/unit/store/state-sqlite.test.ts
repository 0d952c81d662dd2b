import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { DatabaseSync } from "node:sqlite";
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
    keep: 20,
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

test("only the newest checkpoints are kept, and a removed stack leaves nothing", async () => {
  const id = await newStack("p/one");
  for (let n = 1; n <= 5; n++) {
    await running(`u${n}`, id);
    await store.closeUpdate(`u${n}`, "succeeded");
    await store.settleUpdate(`u${n}`, {
      status: "succeeded",
      at: n,
      keep: 3,
      checkpoint: { text: `c${n}`, resources: n },
    });
  }
  assert.equal((await store.checkpoint(id, 3))?.text, "c3");
  assert.equal(await store.checkpoint(id, 2), undefined);
  assert.deepEqual(
    (await store.history(id, 2, 0)).map(update => update.number),
    [5, 4],
  );
  await store.removeStack(id);
  for (const table of ["state_checkpoints", "state_updates", "state_journal"])
    assert.deepEqual(db.prepare(`SELECT * FROM ${table}`).all(), []);
});
