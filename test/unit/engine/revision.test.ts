import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRevision } from "../../../src/engine/revision.ts";

// The same rules against real Git histories, one drawing each: test/unit/source/revisions.test.ts.
const A = "a".repeat(40);
const B = "b".repeat(40);
const C = "c".repeat(40);
const branch = "main";
const rewritten = {
  ok: false,
  failure: { kind: "stalled", reason: "history-rewritten", deployed: A, head: B },
} as const;

test("before the first deployment the head is taken", () => {
  assert.deepEqual(chooseRevision({ branch, head: A }), { ok: true, value: { sha: A, rule: "first" } });
});

test("an unchanged head stays, whatever the ancestry says", () => {
  const question = { branch, deployed: A, head: A, ancestry: "rewritten" } as const;
  assert.deepEqual(chooseRevision(question), { ok: true, value: { sha: A, rule: "unchanged" } });
});

test("a descendant is taken", () => {
  const question = { branch, deployed: A, head: B, ancestry: "descendant" } as const;
  assert.deepEqual(chooseRevision(question), { ok: true, value: { sha: B, rule: "forward" } });
});

test("a missing head stalls as a missing branch, also after a deployment, and is never an empty estate", () => {
  const missing = { ok: false, failure: { kind: "stalled", reason: "branch-missing", branch } };
  assert.deepEqual(chooseRevision({ branch }), missing);
  assert.deepEqual(chooseRevision({ branch, deployed: A, acceptedRewrite: A }), missing);
});

test("a rewritten history stalls; so does one that nobody looked at", () => {
  assert.deepEqual(chooseRevision({ branch, deployed: A, head: B, ancestry: "rewritten" }), rewritten);
  assert.deepEqual(chooseRevision({ branch, deployed: A, head: B }), rewritten);
});

test("an accepted rewrite releases that head and its descendants, and no other", () => {
  const question = { branch, deployed: A, head: B, ancestry: "rewritten" } as const;
  const released = { ok: true, value: { sha: B, rule: "accepted-rewrite" } };
  assert.deepEqual(chooseRevision({ ...question, acceptedRewrite: B }), released);
  assert.deepEqual(
    chooseRevision({ ...question, acceptedRewrite: C, acceptedAncestry: "descendant" }),
    released,
  );
  assert.deepEqual(
    chooseRevision({ ...question, acceptedRewrite: C, acceptedAncestry: "rewritten" }),
    rewritten,
  );
  assert.deepEqual(chooseRevision({ ...question, acceptedRewrite: C }), rewritten);
});
