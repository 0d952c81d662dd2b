import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../../src/engine/failure.ts";
import { deriveState, type StateInput } from "../../../src/report/state.ts";
import { newer, NOW, revision, settings, statusOf, urnOf } from "./examples.ts";

const stateOf = (more: Partial<StateInput>): string[] => {
  const { state, why } = deriveState({ status: statusOf(), head: revision, settings, now: NOW, ...more });
  return [state, why];
};
const failing = (failure: Failure): ReturnType<typeof statusOf> => statusOf({ failure });

test("a stack that was looked at with success, not long ago, is in sync", () => {
  assert.deepEqual(stateOf({}), ["in-sync", ""]);
});

test("a check that is overdue is not in sync any more, at three intervals", () => {
  const at = (age: number): string[] => stateOf({ status: statusOf({ checkedAt: NOW - age }) });
  assert.deepEqual(at(30 * 60_000), ["in-sync", ""]);
  assert.deepEqual(at(30 * 60_000 + 1), ["unknown", "The check is overdue: last check 30m ago"]);
});

test("what was never checked is unknown", () => {
  const { checkedAt: _, ...never } = statusOf();
  assert.deepEqual(stateOf({ status: never }), ["unknown", "Never checked"]);
});

test("a newer commit makes it pending, also when an older one failed", () => {
  const why = "99887766 is wanted, 1a2b3c4d is deployed";
  assert.deepEqual(stateOf({ head: newer }), ["pending", why]);
  const failure: Failure = { kind: "stalled", reason: "program-failed", message: "x" };
  assert.deepEqual(stateOf({ head: newer, status: failing(failure) }), ["pending", why]);
});

test("nothing known yet is pending", () => {
  const { status: _, ...input } = { status: undefined, head: revision, settings, now: NOW };
  assert.deepEqual(deriveState(input), { state: "pending", why: "Not looked at yet" });
});

test("drift that stands, and resources behind a dead connection, are said", () => {
  assert.equal(stateOf({ status: statusOf({ drifted: true }) })[0], "drifted");
  const unknown = [
    { urn: urnOf("holdfast:host:File", "motd"), why: "connection refused" },
    { urn: "urn:x", why: "same" },
  ];
  assert.deepEqual(stateOf({ status: statusOf({ unknown }) }), [
    "unknown",
    "holdfast:host:File motd and 1 more: connection refused",
  ]);
});

test("paused is unknown, with who, why and how old the last check is", () => {
  const pause = { stack: "hosts/frodo", why: "moving racks", by: "sam", at: NOW - 3_600_000 };
  assert.deepEqual(stateOf({ pause }), ["unknown", "Paused by sam for 1h: moving racks; last check 12s ago"]);
});

test("gone from Git is orphaned, whatever else", () => {
  const { state } = deriveState({ status: statusOf({ drifted: true }), head: revision, now: NOW });
  assert.equal(state, "orphaned");
});

test("a failed check is unknown with its age, a failed apply is failed, a gate's word is held", () => {
  const cases: [Failure, string, RegExp][] = [
    [{ kind: "transient", reason: "check-failed", errors: [] }, "unknown", /last check 12s ago$/],
    [{ kind: "transient", reason: "host-unreachable", host: "frodo", why: "x" }, "unknown", /^frodo cannot/],
    [{ kind: "transient", reason: "timed-out", what: "refresh", afterMs: 5000 }, "unknown", /5\.0s/],
    [{ kind: "transient", reason: "apply-failed", errors: [] }, "failed", /apply failed/],
    [{ kind: "transient", reason: "internal-error", message: "x", stack: "" }, "failed", /bug/],
    [{ kind: "stalled", reason: "program-failed", message: "x" }, "failed", /program/],
    [{ kind: "waiting", reason: "approval-needed", digest: "d" }, "held", /approval/],
    [{ kind: "waiting", reason: "first-apply" }, "held", /first time/],
    [{ kind: "waiting", reason: "dependency-not-ready", on: ["hosts/a"] }, "pending", /hosts\/a/],
    [{ kind: "waiting", reason: "orphaned" }, "orphaned", /Gone/],
  ];
  for (const [failure, state, why] of cases) {
    const [shown, said] = stateOf({ status: failing(failure) });
    assert.equal(shown, state, failure.reason);
    assert.match(said ?? "", why);
  }
});

test("a process that died before the wanted commit was deployed is failed, not unknown", () => {
  const failure: Failure = { kind: "transient", reason: "cli-failed", exitCode: 255, message: "x" };
  const status = statusOf({ attempted: newer, failure });
  assert.equal(stateOf({ status, head: newer })[0], "failed");
});
