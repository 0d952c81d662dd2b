import assert from "node:assert/strict";
import { test } from "node:test";
import { showRun } from "../../../src/report/show-run.ts";
import { changeOf, planOf, runOf } from "./examples.ts";

test("a run in full: what started it, how long it took, what it did, why it failed, what to do", () => {
  const run = runOf({
    trigger: "manual",
    by: "ann",
    outcome: "failed",
    counts: { create: 1 },
    timings: { prepare: 120, work: 700 },
    failure: { kind: "transient", reason: "apply-failed", errors: [{ message: "EACCES" }] },
    plan: planOf({ changes: [changeOf("motd", { op: "create", after: { path: "/etc/motd" } })] }),
    log: "first\nlast\n",
  });
  assert.equal(
    showRun(run),
    `run 01run
stack    hosts/frodo
commit   1a2b3c4d Sam Gamgee: hosts: add motd
trigger  manual by ann (converge)
started  2026-11-21 02:59:05 UTC
took     0.8s (prepare 0.1s, work 0.7s)
outcome  failed
changed  +1
plan     1 to create (digest d1935700)

The apply failed at 1 resource
  EACCES
It is tried again by itself, later each time. What succeeded stays, and git revert brings the rest back.

Changes:
  in holdfast:host:Host
    +   holdfast:host:File motd
          path: "/etc/motd"

Log:
  first
  last`,
  );
});

test("of a long log the end is shown", () => {
  const log = Array.from({ length: 100 }, (_, n) => `line ${n}`).join("\n");
  const text = showRun(runOf({ log })).split("\n");
  assert.equal(text.at(-1), "  line 99");
  assert.ok(text.includes("  … 60 lines before"));
});

test("a run that still runs says so", () => {
  const { endedAt: _, outcome: __, ...running } = runOf();
  assert.match(showRun(running), /took {5}still running\noutcome {2}running$/);
});
