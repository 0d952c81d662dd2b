import assert from "node:assert/strict";
import { test } from "node:test";
import { rollbackTarget } from "../../../src/commands/rollback-target.ts";
import type { RunMode, RunOutcome, RunRecord, StackStatus } from "../../../src/engine/ports/records.ts";
import type { Revision } from "../../../src/engine/ports/source.ts";

const revision = (sha: string): Revision => ({ sha, author: "ada", subject: sha, time: 0 });
const status = (attempted?: string, deployed?: string): StackStatus => ({
  stack: "a/b",
  ...(attempted === undefined ? {} : { attempted: revision(attempted) }),
  ...(deployed === undefined ? {} : { deployed: revision(deployed) }),
  attempts: 0,
  drifted: false,
  unknown: [],
  lightChecks: 0,
  resources: 1,
  references: [],
});
const run = (sha: string, outcome: RunOutcome, mode: RunMode = "converge"): RunRecord => ({
  id: `${sha}-${outcome}`,
  stack: "a/b",
  mode,
  trigger: "commit",
  revision: revision(sha),
  startedAt: 0,
  outcome,
});

test("a commit that failed or is held is rolled back to what is deployed", () => {
  const runs = [run("c", "failed"), run("b", "converged"), run("a", "converged")];
  assert.equal(rollbackTarget(status("c", "b"), runs)?.sha, "b");
});

test("a commit that converged is rolled back to the newest other one that did", () => {
  const runs = [run("c", "converged"), run("b", "held"), run("a", "converged")];
  assert.equal(rollbackTarget(status("c", "c"), runs)?.sha, "a");
});

test("plans, checks and what failed were never deployed", () => {
  const runs = [
    run("c", "converged"),
    run("p", "planned", "plan"),
    run("d", "unchanged", "check"),
    run("f", "failed"),
    run("x", "aborted"),
  ];
  assert.equal(rollbackTarget(status("c", "c"), runs), undefined);
});

test("a commit that changed nothing for the stack counts as deployed", () => {
  assert.equal(rollbackTarget(status("c", "c"), [run("c", "converged"), run("b", "unchanged")])?.sha, "b");
});

test("a stack that was never deployed has nowhere to go back to", () => {
  assert.equal(rollbackTarget(status("a"), [run("a", "failed")]), undefined);
  assert.equal(rollbackTarget(status(), []), undefined);
});
