import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure, Transient } from "../../../src/engine/failure.ts";
import { describeFailure, failureText } from "../../../src/report/messages.ts";
import { columns } from "../../../src/report/plain-text.ts";
import { NOW, urnOf } from "./examples.ts";

const urn = urnOf("holdfast:host:File", "motd", "holdfast:host:Host");
const context = { stack: "hosts/frodo", run: "01run" };
const dead: Transient = { kind: "transient", reason: "process-died", what: "pulumi up", how: "SIGKILL" };

/** One of each reason; the type says when one is missing. */
const EVERY: { readonly [R in Failure["reason"]]: Extract<Failure, { readonly reason: R }> } = {
  "config-invalid": {
    kind: "stalled",
    reason: "config-invalid",
    problems: [{ message: "x", place: { file: "holdfast.yaml" } }],
  },
  "dependency-cycle": { kind: "stalled", reason: "dependency-cycle", cycle: ["a", "b", "a"] },
  "secret-unreadable": {
    kind: "stalled",
    reason: "secret-unreadable",
    file: "secrets/a.sops.yaml",
    why: "MAC",
  },
  "history-rewritten": {
    kind: "stalled",
    reason: "history-rewritten",
    deployed: "1".repeat(40),
    head: "2".repeat(40),
  },
  "signature-untrusted": {
    kind: "stalled",
    reason: "signature-untrusted",
    head: "2".repeat(40),
    commits: [
      { sha: "1".repeat(40), author: "Ada <ada@example.org>", subject: "x", why: "it is not signed" },
    ],
  },
  "branch-missing": { kind: "stalled", reason: "branch-missing", branch: "main" },
  "repository-refused": { kind: "stalled", reason: "repository-refused", path: "a/link", why: "leads out" },
  "program-failed": { kind: "stalled", reason: "program-failed", message: "TypeError: x" },
  "plugin-missing": { kind: "stalled", reason: "plugin-missing", plugin: "aws", how: "Install it." },
  "resource-invalid": { kind: "stalled", reason: "resource-invalid", problems: [{ message: "x" }] },
  "outcome-unknown": { kind: "stalled", reason: "outcome-unknown", urns: [urn] },
  "state-unreadable": { kind: "stalled", reason: "state-unreadable", why: "truncated" },
  "key-missing": { kind: "stalled", reason: "key-missing", why: "for age1abc", hint: "put it there" },
  "plan-refused": { kind: "stalled", reason: "plan-refused", gate: "policy", why: "no public buckets" },
  "gave-up": { kind: "stalled", reason: "gave-up", attempts: 8, last: dead },
  "dependency-not-ready": { kind: "waiting", reason: "dependency-not-ready", on: ["hosts/a"] },
  "approval-needed": { kind: "waiting", reason: "approval-needed", digest: "d" },
  "limit-exceeded": {
    kind: "waiting",
    reason: "limit-exceeded",
    digest: "d",
    why: "6 deletes, 5 are allowed",
  },
  protected: { kind: "waiting", reason: "protected", digest: "d", urns: [urn] },
  "everything-vanished": { kind: "waiting", reason: "everything-vanished", digest: "d", gone: 19, total: 20 },
  "outside-window": { kind: "waiting", reason: "outside-window", opens: NOW },
  "first-apply": { kind: "waiting", reason: "first-apply" },
  "not-managed": { kind: "waiting", reason: "not-managed" },
  orphaned: { kind: "waiting", reason: "orphaned" },
  "stack-busy": { kind: "waiting", reason: "stack-busy", by: "an update by ann" },
  "database-damaged": {
    kind: "stalled",
    reason: "database-damaged",
    folder: "/var/lib/holdfast",
    why: "database disk image is malformed",
    backup: { at: 1_795_000_000_000, name: "holdfast-…", where: "/var/lib/holdfast/backups" },
  },
  "backup-failed": { kind: "waiting", reason: "backup-failed", why: "/mnt/backups: its disk is full" },
  "disk-nearly-full": {
    kind: "waiting",
    reason: "disk-nearly-full",
    folder: "/var/lib/holdfast",
    free: 12_000_000,
    needed: 200_000_000,
  },
  paused: { kind: "waiting", reason: "paused", why: "racks", by: "sam" },
  "fetch-failed": {
    kind: "transient",
    reason: "fetch-failed",
    url: "https://git.example.org/a",
    why: "refused",
  },
  "install-failed": { kind: "transient", reason: "install-failed", folder: "hosts", why: "ERESOLVE" },
  "host-unreachable": { kind: "transient", reason: "host-unreachable", host: "frodo:22", why: "no route" },
  "check-failed": { kind: "transient", reason: "check-failed", errors: [{ urn, message: "no route" }] },
  "apply-failed": { kind: "transient", reason: "apply-failed", errors: [{ urn, message: "EACCES" }] },
  "plan-outdated": { kind: "transient", reason: "plan-outdated", why: "version 4", progressed: false },
  "timed-out": { kind: "transient", reason: "timed-out", what: "pulumi up", afterMs: 1_800_000 },
  "process-died": { kind: "transient", reason: "process-died", what: "pulumi up", how: "SIGKILL" },
  "cli-failed": { kind: "transient", reason: "cli-failed", exitCode: 255, message: "x" },
  disk: { kind: "transient", reason: "disk", why: "no space left on device" },
  "internal-error": {
    kind: "transient",
    reason: "internal-error",
    message: "x is not a function",
    stack: "at x",
  },
  "shutting-down": { kind: "aborted", reason: "shutting-down" },
  superseded: { kind: "aborted", reason: "superseded", by: "3".repeat(40) },
};

for (const failure of Object.values<Failure>(EVERY)) {
  test(`${failure.reason}: says what happened in one line, and what to do`, () => {
    const { title, hint } = describeFailure(failure, context);
    assert.ok(title.length > 5 && columns(title) <= 120, title);
    assert.ok(hint.length > 5, title);
    const text = failureText(failure, context);
    assert.doesNotMatch(text, /undefined|\[object|\bSTACK\b|\bRUN\b/);
  });
}

test("a configuration's problems are listed with place and way out", () => {
  const place = { file: "holdfast.yaml", line: 4, column: 5 };
  const problems = [
    { message: 'unknown key "x"', place, hint: 'did you mean "y"?' },
    { message: "no stack" },
  ];
  assert.equal(
    failureText({ kind: "stalled", reason: "config-invalid", problems }),
    `The configuration has 2 problems; nothing was run
  holdfast.yaml:4:5  unknown key "x"
      did you mean "y"?
  no stack
Correct it and commit; the next commit is tried at once.`,
  );
});

test("of a stack, a single mistake is said once", () => {
  const place = { file: "holdfast.yaml", line: 4, column: 5 };
  const problems = [{ message: 'unknown key "x"', place, hint: 'did you mean "y"?' }];
  assert.equal(
    failureText({ kind: "stalled", reason: "config-invalid", problems }, { stack: "hosts/frodo" }),
    `holdfast.yaml:4:5: unknown key "x"
  did you mean "y"?
Correct it and commit; the next commit is tried at once.`,
  );
});

test("a mistake on the command line is said by itself, and asks for no commit", () => {
  const problems = [{ message: "no stack is named hosts/x", hint: "known: hosts/frodo" }];
  assert.equal(
    failureText({ kind: "stalled", reason: "config-invalid", problems }),
    "no stack is named hosts/x\nknown: hosts/frodo",
  );
});

test("a held plan says how to read it and how to let it pass", () => {
  assert.equal(
    failureText(EVERY["limit-exceeded"], context),
    `Held by the limits: 6 deletes, 5 are allowed
Read the plan: holdfast show 01run. If it is right: holdfast approve 01run. If not: git revert.`,
  );
});

test("a failed apply names each resource", () => {
  assert.equal(
    failureText(EVERY["apply-failed"], context),
    `The apply failed at 1 resource
  holdfast:host:File motd: EACCES
It is tried again by itself, later each time. What succeeded stays, and git revert brings the rest back.`,
  );
});

test("a history that was rewritten names both commits in short", () => {
  const { title } = describeFailure(EVERY["history-rewritten"]);
  assert.equal(title, "The branch was rewritten: 22222222 does not descend from 11111111, which is deployed");
});

test("texts of others cannot act on the terminal", () => {
  const text = failureText({ kind: "stalled", reason: "program-failed", message: "a\u001b[2J\r\nb\u0007" });
  assert.match(text, /^ {2}a\n {2}b$/m);
});
