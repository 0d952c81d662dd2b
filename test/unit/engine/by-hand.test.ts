/** Handwork as a record, and what it makes due. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordOfHandwork } from "../../../src/engine/by-hand.ts";
import { due, mayBeLight } from "../../../src/engine/due.ts";
import { newStatus, settle } from "../../../src/engine/outcome.ts";
import type { Handwork } from "../../../src/engine/ports/state.ts";
import type { StackStatus } from "../../../src/engine/ports/records.ts";
import { stack as stackSample } from "../../support/engine-samples.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const work: Handwork = {
  id: "76159399-1bde-4567-98c3-6bd639f563bc",
  stack: "hosts/frodo",
  kind: "update",
  who: "anna",
  startedAt: NOON,
  endedAt: NOON + 5000,
  end: "succeeded",
  moved: true,
  counts: { same: 3, update: 1 },
  message: "try it",
  environment: { "git.head": "f8ee7ab3", "git.dirty": "true", "pulumi.version": "v3.259.0" },
  holder: { host: "laptop", pid: 42, program: "pulumi" },
};

test("a record of handwork says who, what, where from, and at which commit the CLI stood", () => {
  const record = recordOfHandwork(work);
  assert.match(record.id, /^261121-120000-[0-9a-z]{4}$/);
  assert.deepEqual(record, {
    id: record.id,
    stack: "hosts/frodo",
    mode: "by-hand",
    by: "anna",
    trigger: "manual",
    byHand: { kind: "update", holder: work.holder, head: "f8ee7ab3", dirty: true },
    startedAt: NOON,
    endedAt: NOON + 5000,
    outcome: "converged",
    counts: { update: 1 },
    log: "try it",
  });
  assert.equal(recordOfHandwork(work).id, record.id, "noted twice it is one record");
});

test("how it ended is told", () => {
  const outcome = (more: Partial<Handwork>): string | undefined =>
    recordOfHandwork({ ...work, ...more }).outcome;
  assert.equal(outcome({ moved: false }), "unchanged");
  assert.equal(outcome({ moved: false, kind: "unlock" }), "converged");
  assert.equal(outcome({ end: "failed" }), "failed");
  assert.equal(outcome({ end: "cancelled" }), "aborted");
});

const revision = { sha: "a".repeat(40), author: "Ada", email: "", subject: "", time: 0 };
const stack = stackSample("hosts/frodo");
const calm: StackStatus = {
  ...newStatus("hosts/frodo"),
  attempted: revision,
  deployed: revision,
  checkedAt: NOON,
  ranAt: NOON,
};
const context = { head: revision.sha, now: NOON + 1, paused: false, blockedBy: [], spread: 0.5 };

test("a stack that was touched is planned in full at once, but not while it is paused", () => {
  assert.equal(due(stack, calm, context), undefined);
  const touched = { ...calm, touchedAt: NOON };
  assert.deepEqual(due(stack, touched, context), { mode: "converge", trigger: "drift" });
  assert.equal(due(stack, touched, { ...context, paused: true }), undefined);
  assert.equal(mayBeLight(calm, revision.sha), true);
  assert.equal(mayBeLight(touched, revision.sha), false);
});

test("a run that knew of it when it began has seen it; what came meanwhile is looked at again", () => {
  const run = {
    id: "1",
    stack,
    organization: "",
    organizationAliases: [],
    allowScripts: [],
    mode: "converge" as const,
    trigger: "drift" as const,
    revision,
    startedAt: NOON,
    light: false,
    trustsState: false,
    touchedAt: NOON,
  };
  const good = {
    outcome: "unchanged" as const,
    checked: true,
    full: true,
    drifted: false,
    unknown: [],
    applied: true,
  };
  assert.equal(settle({ ...calm, touchedAt: NOON }, run, good, NOON + 9, 0).touchedAt, undefined);
  assert.equal(settle({ ...calm, touchedAt: NOON + 1 }, run, good, NOON + 9, 0).touchedAt, NOON + 1);
});
