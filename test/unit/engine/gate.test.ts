import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type GateContext } from "../../../src/engine/gate.ts";
import type { Plan } from "../../../src/engine/ports/plan.ts";
import { change, many, NOON, plan, settings } from "../../support/engine-samples.ts";

const context = (more: Partial<GateContext> = {}): GateContext => ({
  settings: settings(),
  now: NOON,
  managed: true,
  firstAllowed: false,
  approved: false,
  ...more,
});

const verdict = (judged: Plan, more: Partial<GateContext> = {}): string => {
  const answer = judge(judged, context(more));
  return answer.pass ? "pass" : answer.failure.reason;
};

test("five deletions and replacements pass without a word, six of twenty are a limit", () => {
  assert.equal(verdict(plan({ changes: many(5, "delete") })), "pass");
  assert.equal(verdict(plan({ changes: many(6, "delete"), resources: 20 })), "pass", "30 % of 20 is 6");
  assert.equal(verdict(plan({ changes: many(7, "delete"), resources: 20 })), "limit-exceeded");
  assert.equal(verdict(plan({ changes: many(6, "delete"), resources: 12 })), "limit-exceeded");
  assert.equal(
    verdict(plan({ changes: many(3, "replace").concat(many(3, "delete")), resources: 12 })),
    "limit-exceeded",
  );
});

test("a replacement with its two steps counts once, providers and components never", () => {
  const steps = ["a", "b", "c", "d", "e"].flatMap(name => [
    change(name, "create-replacement"),
    change(name, "delete-replaced"),
  ]);
  assert.equal(verdict(plan({ changes: steps, resources: 5 })), "pass");
  const components = many(9, "delete").map(one => ({ ...one, component: true as const }));
  assert.equal(verdict(plan({ changes: components })), "pass");
  const providers = many(9, "delete").map(one => ({ ...one, type: "pulumi:providers:holdfast" }));
  assert.equal(verdict(plan({ changes: providers })), "pass");
});

test("deleting all of even a small stack is a limit", () => {
  assert.equal(verdict(plan({ changes: many(2, "delete"), resources: 2 })), "limit-exceeded");
});

test("set limits take the place of the default", () => {
  const limits = { deletes: 1 };
  assert.equal(
    verdict(plan({ changes: many(2, "delete") }), { settings: settings({ limits }) }),
    "limit-exceeded",
  );
  assert.equal(verdict(plan({ changes: many(1, "delete") }), { settings: settings({ limits }) }), "pass");
  const percent = { settings: settings({ limits: { percent: 10 } }) };
  assert.equal(verdict(plan({ changes: many(3, "delete") }), percent), "limit-exceeded");
});

test("an approval of the digest releases limits, protection and the approval itself", () => {
  const approved = {
    approved: true,
    settings: settings({ approval: "required", protect: ["holdfast:host:*"] }),
  };
  assert.equal(verdict(plan({ changes: many(9, "delete") }), approved), "pass");
  assert.equal(verdict(plan({ changes: many(9, "delete") }), { ...approved, approved: false }), "protected");
});

test("what is protected is held when it would go, not when it changes", () => {
  assert.equal(verdict(plan({ changes: [change("a", "delete", { protect: true })] })), "protected");
  assert.equal(verdict(plan({ changes: [change("a", "update", { protect: true })] })), "pass");
});

test("most of a stack vanished is an unreachable target, not drift", () => {
  assert.equal(verdict(plan({ drift: many(11, "delete"), resources: 20 })), "everything-vanished");
  assert.equal(verdict(plan({ drift: many(10, "delete"), resources: 20 })), "pass");
  assert.equal(verdict(plan({ drift: many(2, "delete"), resources: 2 })), "pass");
});

test("a stack without state waits for its first apply, an unmanaged one for a person", () => {
  const first = plan({ stateVersion: 0, changes: many(1, "create"), resources: 0 });
  assert.equal(verdict(first), "first-apply");
  assert.equal(verdict(first, { firstAllowed: true }), "pass");
  assert.equal(verdict(first, { settings: settings({ firstApply: "allow" }) }), "pass");
  assert.equal(verdict(first, { managed: false, firstAllowed: true }), "not-managed");
});

test("outside its window a stack waits and knows until when", () => {
  const answer = judge(
    plan({ changes: many(1, "update") }),
    context({ settings: settings({ windows: [{ allow: "Mon-Fri 14:00-17:00" }] }) }),
  );
  assert.ok(!answer.pass && answer.failure.reason === "outside-window");
  assert.equal(new Date(answer.failure.opens ?? 0).toISOString(), "2026-11-18T14:00:00.000Z");
});

test("a plan that changes nothing passes whatever the settings", () => {
  assert.equal(verdict(plan(), { settings: settings({ approval: "required" }), managed: false }), "pass");
});
