import assert from "node:assert/strict";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createBegunSteps } from "../../../src/backend/begun-steps.ts";
import { KIND } from "../../../src/backend/journal/entry.ts";
import type { StateStore } from "../../../src/engine/ports/state-store.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../../src/store/state-sqlite.ts";
import { tempFolder } from "../../support/git.ts";

const RUN = "run-1";
const EXPIRES = 1000;
const urnOf = (name: string): string => `urn:pulumi:prod::app::holdfast:host:File::${name}`;

/** A store with one run, whose update `u1` is running until EXPIRES. */
async function stage(t: TestContext): Promise<StateStore> {
  const db = openDatabase(path.join(tempFolder(t), "holdfast.db"), stateMigrations);
  t.after(() => db.close());
  const store = createSqliteStateStore(db);
  await store.createStack({
    name: "app/prod",
    tags: {},
    key: { id: "00000001", wrapped: new Uint8Array(1), recipients: [] },
    at: 0,
  });
  const stackId = (await store.stack("app/prod"))?.id ?? 0;
  await store.openRun({ runId: RUN, stackId, tokenHash: new Uint8Array(2) });
  await startUpdate(store, "u1", stackId);
  return store;
}

async function startUpdate(store: StateStore, id: string, stackId: number): Promise<void> {
  const rest = { message: "", environment: {}, config: {}, who: "", createdAt: 0, dryRun: false };
  await store.createUpdate({ ...rest, id, stackId, kind: "update", runId: RUN });
  await store.startUpdate({ id, tokenHash: new Uint8Array(3), at: 0, expiresAt: EXPIRES });
}

function begin(sequence: number, name: string) {
  const resource = { urn: urnOf(name), type: "holdfast:host:File", custom: true };
  const operation = { resource, type: "creating" };
  return entry(sequence, KIND.begin, sequence, { operation });
}

function entry(sequenceID: number, kind: number, operationID: number, more: object = {}) {
  return {
    sequence: sequenceID,
    text: JSON.stringify({ version: 1, kind, sequenceID, operationID, ...more }),
  };
}

test("a step may be done from its begin to its end, and no other", async t => {
  const store = await stage(t);
  const steps = createBegunSteps(store, { now: () => 1, after: () => () => undefined, random: () => 0 });
  const open = (name: string): Promise<boolean> => steps.isOpen(RUN, urnOf(name));
  assert.equal(await open("a"), false, "nothing was begun");
  await store.appendJournal("u1", [begin(1, "a"), begin(2, "b")]);
  assert.deepEqual([await open("a"), await open("b"), await open("c")], [true, true, false]);
  await store.appendJournal("u1", [entry(3, KIND.success, 1), entry(4, KIND.failure, 2)]);
  assert.deepEqual([await open("a"), await open("b")], [false, false]);
  assert.equal(await steps.isOpen("run-2", urnOf("a")), false, "another run");
});

test("a batch that comes late, with smaller numbers, counts too", async t => {
  const store = await stage(t);
  const steps = createBegunSteps(store, { now: () => 1, after: () => () => undefined, random: () => 0 });
  await store.appendJournal("u1", [begin(5, "later")]);
  assert.equal(await steps.isOpen(RUN, urnOf("later")), true);
  await store.appendJournal("u1", [begin(3, "earlier")]);
  assert.equal(await steps.isOpen(RUN, urnOf("earlier")), true);
});

test("no step may be done when the lease has run out, the update has ended, or the run has", async t => {
  const store = await stage(t);
  let now = 1;
  const steps = createBegunSteps(store, { now: () => now, after: () => () => undefined, random: () => 0 });
  const open = (): Promise<boolean> => steps.isOpen(RUN, urnOf("a"));
  await store.appendJournal("u1", [begin(1, "a")]);
  assert.equal(await open(), true);
  now = EXPIRES;
  assert.equal(await open(), false, "the lease");
  now = 1;
  assert.equal(await open(), true);
  await store.closeUpdate("u1", "failed");
  assert.equal(await open(), false, "the update");
  await store.settleUpdate("u1", { status: "failed", at: 2 });
  await startUpdate(store, "u2", (await store.stack("app/prod"))?.id ?? 0);
  assert.equal(await open(), false, "the next update has begun nothing yet");
  await store.appendJournal("u2", [begin(1, "a")]);
  assert.equal(await open(), true);
  await store.endRun(RUN);
  assert.equal(await open(), false, "the run");
});
