/** Which stacks stay as they are because they cannot be read, which are gone, and what becomes of their status. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dueAsDeployed } from "../../../src/engine/due.ts";
import { settle } from "../../../src/engine/outcome.ts";
import type { Estate, Flaw } from "../../../src/engine/ports/stack.ts";
import { endedWith, type Run } from "../../../src/engine/run.ts";
import { configInvalid } from "../../../src/engine/failure.ts";
import { isGone, problemsOf, stalledStacks } from "../../../src/engine/stalled.ts";
import { MINUTE, NOON, revision, stack, status } from "../../support/engine-samples.ts";

const estate = (...flaws: readonly Flaw[]): Estate => ({
  stacks: [stack("good/dev")],
  flaws,
  organization: "organization",
  organizationAliases: [],
  allowScripts: [],
});
const problem = { message: "oops" };
const named: Flaw = { problems: [problem], stacks: ["bad/dev"] };
const nameless = (folder: string): Flaw => ({
  problems: [{ message: folder }],
  stacks: [],
  project: { folder, stacks: ["dev"] },
});

test("without a flaw, what is missing is gone", () => {
  assert.equal(isGone(estate(), "bad/dev"), true);
  assert.equal(isGone(estate(), "good/dev"), false);
  assert.equal(isGone(estate(named), "other/dev"), true);
});

test("what a flaw names, or may hide, is not gone", () => {
  assert.equal(isGone(estate(named), "bad/dev"), false);
  assert.equal(isGone(estate(nameless("x")), "bad/dev"), false);
  const ofProject: Flaw = { ...named, stacks: [], project: { folder: "bad", name: "bad", stacks: [] } };
  assert.equal(isGone(estate(ofProject), "bad/prod"), false);
  assert.equal(isGone(estate(ofProject), "other/prod"), true);
});

test("what can be read is never stalled by what cannot", () => {
  const found = stalledStacks(estate(nameless("x")), [status("good/dev"), status("bad/dev")]);
  assert.deepEqual([...found.keys()], ["bad/dev"]);
});

test("of several that may hide it, the one with its project's name is told", () => {
  const two = estate(nameless("x"), nameless("infra/bad"));
  assert.deepEqual(problemsOf(two, "bad/dev"), [{ message: "infra/bad" }]);
  assert.equal(problemsOf(two, "other/dev")?.length, 2);
});

const deployed = status("bad/dev", {
  attempted: revision("c2"),
  deployed: revision("c1"),
  checkedAt: NOON,
  ranAt: NOON,
  failure: configInvalid([problem]),
});

test("what is deployed is looked at and corrected in its own time", () => {
  const when = { now: NOON, spread: 0.5 };
  assert.equal(dueAsDeployed(stack("bad/dev"), deployed, when), undefined);
  const later = { ...when, now: NOON + 11 * MINUTE };
  assert.deepEqual(dueAsDeployed(stack("bad/dev"), deployed, later), { mode: "converge", trigger: "drift" });
  assert.equal(dueAsDeployed(stack("bad/dev"), status("bad/dev"), later), undefined);
});

const run: Run = {
  id: "r1",
  stack: stack("bad/dev"),
  organization: "organization",
  organizationAliases: [],
  allowScripts: [],
  mode: "converge",
  trigger: "drift",
  trustsState: false,
  revision: revision("c1"),
  startedAt: NOON,
  light: true,
  behind: "c2",
};

test("a run of what is deployed leaves standing what stalls the stack at the head", () => {
  const good = { ...endedWith({ kind: "aborted", reason: "shutting-down" } as const) };
  const { failure: _failure, ...ended } = good;
  const seen = {
    ...ended,
    outcome: "converged" as const,
    checked: true,
    full: true,
    applied: true,
    drifted: false,
  };
  const after = settle(
    { ...deployed, drifted: true, touchedAt: NOON },
    { ...run, touchedAt: NOON },
    seen,
    NOON + 1,
    0,
  );
  assert.deepEqual(
    [
      after.failure?.reason,
      after.attempted?.sha,
      after.deployed?.sha,
      after.drifted,
      after.checkedAt,
      after.touchedAt,
    ],
    ["config-invalid", "c2", "c1", false, NOON + 1, undefined],
  );
});
