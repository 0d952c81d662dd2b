import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoff, MAX_ATTEMPTS } from "../../../src/engine/backoff.ts";
import { concerns } from "../../../src/engine/concern.ts";
import { due, mayBeLight, mayTrustState } from "../../../src/engine/due.ts";
import { dependents, findCycle, joinDependencies, notReady } from "../../../src/engine/order.ts";
import { newStatus, settle } from "../../../src/engine/outcome.ts";
import { isEmpty, makePlan } from "../../../src/engine/plan.ts";
import { endedWith, type Run, type RunEnd } from "../../../src/engine/run.ts";
import { pick, spread } from "../../../src/engine/schedule.ts";
import { nextOpening, parseWindow } from "../../../src/engine/window.ts";
import { change, MINUTE, NOON, plan, revision, stack, status } from "../../support/engine-samples.ts";

const context = { head: "c1", now: NOON, paused: false, blockedBy: [], spread: 0.5 };
const run: Run = {
  id: "r1",
  stack: stack("hosts/frodo"),
  organization: "organization",
  organizationAliases: [],
  allowScripts: [],
  mode: "converge",
  trigger: "commit",
  revision: revision("c1"),
  startedAt: NOON,
  light: false,
  trustsState: false,
};
const good: RunEnd = {
  outcome: "converged",
  checked: true,
  full: true,
  drifted: false,
  unknown: [],
  applied: true,
  resources: 7,
};
const transient = { kind: "transient", reason: "apply-failed", errors: [] } as const;

test("a new revision is due at once, an unchanged one after its interval", () => {
  const frodo = stack("hosts/frodo");
  const there = status("hosts/frodo", {
    attempted: revision("c1"),
    deployed: revision("c1"),
    checkedAt: NOON,
    ranAt: NOON,
  });
  assert.deepEqual(due(frodo, undefined, context), { mode: "converge", trigger: "commit" });
  assert.deepEqual(due(frodo, there, { ...context, head: "c2" }), { mode: "converge", trigger: "commit" });
  assert.equal(due(frodo, there, context), undefined);
  assert.deepEqual(due(frodo, there, { ...context, now: NOON + 10 * MINUTE }), {
    mode: "converge",
    trigger: "drift",
  });
  assert.equal(due(frodo, there, { ...context, head: "c2", paused: true }), undefined);
});

test("a transient failure is tried again when its time has come, not before", () => {
  const failed = status("hosts/frodo", {
    attempted: revision("c1"),
    ranAt: NOON,
    failure: transient,
    attempts: 1,
    retryAt: NOON + 2000,
  });
  assert.equal(due(stack("hosts/frodo"), failed, context), undefined);
  assert.deepEqual(due(stack("hosts/frodo"), failed, { ...context, now: NOON + 2000 }), {
    mode: "converge",
    trigger: "commit",
  });
});

test("a program that fails is not run again, but reality is still looked at", () => {
  const failure = { kind: "stalled", reason: "program-failed", message: "x" } as const;
  const broken = status("hosts/frodo", {
    attempted: revision("c1"),
    deployed: revision("c0"),
    ranAt: NOON,
    failure,
  });
  assert.equal(due(stack("hosts/frodo"), broken, { ...context, now: NOON + MINUTE }), undefined);
  assert.deepEqual(due(stack("hosts/frodo"), broken, { ...context, now: NOON + 11 * MINUTE }), {
    mode: "check",
    trigger: "drift",
  });
  assert.deepEqual(due(stack("hosts/frodo"), broken, { ...context, head: "c2" }), {
    mode: "converge",
    trigger: "commit",
  });
});

test("every few checks the program is run again", () => {
  const there = status("hosts/frodo", { deployed: revision("c1"), lightChecks: 4 });
  assert.equal(mayBeLight(there, "c1"), true);
  assert.equal(mayBeLight({ ...there, lightChecks: 5 }, "c1"), false);
  assert.equal(mayBeLight({ ...there, drifted: true }, "c1"), false);
  assert.equal(mayBeLight(there, "c2"), false);
});

test("a new revision trusts the state of a stack whose last run left nothing open", () => {
  const there = status("hosts/frodo", { deployed: revision("c1") });
  assert.equal(mayTrustState(there, "c2"), true);
  assert.equal(mayTrustState(there, "c1"), false, "who looks again at what is deployed has a reason");
  assert.equal(mayTrustState(undefined, "c2"), false);
  assert.equal(mayTrustState(status("hosts/frodo", {}), "c2"), false, "it was never deployed");
  const unknown = [{ urn: "urn", why: "down" }];
  for (const open of [{ failure: transient }, { drifted: true }, { touchedAt: NOON }, { unknown }])
    assert.equal(mayTrustState({ ...there, ...open }, "c2"), false, JSON.stringify(open));
});

test("a good apply makes the revision the deployed one and forgets the failure", () => {
  const before = status("hosts/frodo", {
    failure: transient,
    attempts: 3,
    retryAt: NOON,
    attempted: revision("c1"),
  });
  const after = settle(before, run, good, NOON + 1, 0);
  assert.deepEqual(
    [after.deployed?.sha, after.failure, after.attempts, after.retryAt, after.resources],
    ["c1", undefined, 0, undefined, 7],
  );
});

test("transient failures back off and then stall; a host that is switched off is waited for", () => {
  const step = (
    before: ReturnType<typeof newStatus>,
    failure: typeof transient | { kind: "transient"; reason: "host-unreachable"; host: string; why: string },
  ) => settle(before, run, endedWith(failure), NOON, 0);
  let now = newStatus("hosts/frodo");
  for (let count = 0; count < MAX_ATTEMPTS; count++) now = step(now, transient);
  assert.equal(now.failure?.reason, "apply-failed");
  assert.equal(step(now, transient).failure?.reason, "gave-up");
  assert.equal(
    step(now, { kind: "transient", reason: "host-unreachable", host: "h", why: "w" }).failure?.reason,
    "host-unreachable",
  );
});

test("a new revision starts counting attempts anew", () => {
  const before = status("hosts/frodo", { attempted: revision("c0"), attempts: 9, failure: transient });
  assert.equal(settle(before, run, endedWith(transient), NOON, 0).attempts, 1);
});

test("a look and a superseded run leave the status as it was", () => {
  const before = status("hosts/frodo", { failure: transient, attempts: 2 });
  assert.equal(settle(before, { ...run, mode: "plan" }, { ...good, outcome: "planned" }, NOON, 0), before);
  const superseded = { kind: "aborted", reason: "superseded", by: "c2" } as const;
  assert.equal(settle(before, run, endedWith(superseded), NOON, 0), before);
});

test("a stack whose run was cut off is looked at again, until a run has looked at it", () => {
  const before = status("hosts/frodo", { attempted: revision("c1"), deployed: revision("c1"), ranAt: NOON });
  const shutDown = endedWith({ kind: "aborted", reason: "shutting-down" });
  const touched = settle(before, run, shutDown, NOON, 0);
  assert.deepEqual(due(stack("hosts/frodo"), touched, context), { mode: "converge", trigger: "drift" });
  // The clock may have gone back between the two.
  const looked = settle(touched, { ...run, touchedAt: NOON, startedAt: NOON - MINUTE }, good, NOON, 0);
  assert.equal(looked.touchedAt, undefined);
  assert.equal(settle(touched, run, good, NOON, 0).touchedAt, NOON, "touched after the run began");
});

test("a clock that goes back keeps no stack from its next look or attempt", () => {
  const back = { ...context, now: NOON - 60 * MINUTE };
  const there = { attempted: revision("c1"), deployed: revision("c1"), checkedAt: NOON, ranAt: NOON };
  assert.equal(due(stack("hosts/frodo"), status("hosts/frodo", there), back)?.mode, "converge");
  const failed = { ...there, failure: transient, attempts: 1, retryAt: NOON + 2000 };
  assert.equal(due(stack("hosts/frodo"), status("hosts/frodo", failed), back)?.mode, "converge");
});

test("a check that failed does not count as a look at reality", () => {
  const before = status("hosts/frodo", { checkedAt: 5, drifted: true });
  const after = settle(before, run, endedWith(transient), NOON, 0);
  assert.deepEqual([after.checkedAt, after.drifted], [5, true]);
});

test("backoff doubles, has a ceiling and is spread", () => {
  assert.deepEqual(
    [1, 2, 3, 20].map(attempt => backoff(attempt, 1)),
    [2000, 4000, 8000, 300_000],
  );
  assert.equal(backoff(1, 0), 1000);
});

test("a cycle is named from its first stack back to it", () => {
  const cyclic = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  assert.deepEqual(findCycle(cyclic), ["b", "c", "b"]);
  assert.equal(
    findCycle(
      new Map([
        ["d", ["b", "c"]],
        ["b", ["a"]],
        ["c", ["a"]],
        ["a", []],
      ]),
    ),
    undefined,
  );
});

test("a dependency counts only when it has applied this same revision", () => {
  const graph = joinDependencies([
    { name: "app", dependsOn: ["net"], references: ["db", "elsewhere", "app"] },
    { name: "net", dependsOn: [], references: [] },
    { name: "db", dependsOn: [], references: [] },
  ]);
  assert.deepEqual(graph.get("app"), ["net", "db"]);
  assert.deepEqual(dependents(graph, "db"), ["app"]);
  assert.deepEqual(
    notReady(["net", "db"], name => (name === "net" ? "c2" : "c1"), "c2"),
    ["db"],
  );
});

test("commits go before checks, but a check that waited a minute is as urgent", () => {
  const one = (name: string, urgent: boolean, since: number) => ({ stack: name, urgent, since });
  const list = [one("check", false, NOON - 5), one("commit", true, NOON), one("old", false, NOON - MINUTE)];
  assert.deepEqual(
    pick(list, 3, NOON).map(({ stack: name }) => name),
    ["old", "commit", "check"],
  );
  assert.deepEqual(pick(list, 0, NOON), []);
});

test("names spread evenly enough", () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => spread(`hosts/h${index}`));
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => numbers.filter(n => Math.floor(n * 10) === tenth).length,
  );
  assert.ok(
    tenths.every(count => count > 50),
    String(tenths),
  );
});

test("inputs narrow which commits concern a stack; its own folder and the lockfile always do", () => {
  const narrow = stack("hosts/frodo", { inputs: ["shared/**"], secrets: ["secrets/hosts.sops.yaml"] });
  const answer = (...changed: string[]) => concerns(narrow, changed);
  assert.deepEqual(
    [
      answer("docs/x.md"),
      answer("shared/a/b.ts"),
      answer("hosts/index.ts"),
      answer("package-lock.json"),
      answer("secrets/hosts.sops.yaml"),
    ],
    [false, true, true, true, true],
  );
  assert.equal(concerns(narrow, undefined), true);
  assert.equal(concerns(stack("hosts/frodo"), ["docs/x.md"]), true);
});

test("windows: parsed, across midnight, in their zone", () => {
  assert.equal(parseWindow({ allow: "Mon-Fri 8:00-17:00" }), undefined);
  assert.equal(nextOpening([{ allow: "Wed 11:00-13:00" }], NOON), undefined);
  assert.equal(
    nextOpening([{ allow: "Tue 22:00-13:00" }], NOON),
    undefined,
    "Tuesday's window ends on Wednesday",
  );
  assert.equal(
    nextOpening([{ allow: "12:30-17:00", zone: "Europe/Berlin" }], NOON),
    undefined,
    "13:00 in Berlin",
  );
  assert.equal(nextOpening([], NOON), undefined);
});

test("the digest is the same for the same steps in any order and differs for any other input", () => {
  const changes = [change("a", "create", { after: { content: "1", path: "/a" } }), change("b", "delete")];
  const { digest } = plan({ changes });
  assert.equal(plan({ changes: [...changes].reverse() }).digest, digest);
  assert.equal(plan({ changes, stateVersion: 9 }).digest, digest, "an approval outlives a check");
  fc.assert(
    fc.property(fc.string(), content => {
      const other = plan({
        changes: [
          { ...changes[0], after: { content, path: "/a" } } as (typeof changes)[0],
          ...changes.slice(1),
        ],
      });
      return (other.digest === digest) === (content === "1");
    }),
  );
  const { digest: _digest, ...parts } = plan({ changes });
  for (const other of [{ revision: "c2" }, { configHash: "z" }, { drift: [change("c", "delete")] }]) {
    assert.notEqual(makePlan({ ...parts, ...other }).digest, digest);
  }
});

test("looking something up is no change", () => {
  const reference = change("net", "read", { type: "pulumi:pulumi:StackReference" });
  assert.equal(isEmpty(plan({ changes: [reference] })), true);
  assert.equal(isEmpty(plan({ changes: [reference, change("a", "update")] })), false);
  assert.equal(isEmpty(plan({ drift: [change("a", "update")] })), false);
});

test("a check says nothing of a commit that waits: neither its hold nor its digest goes away", () => {
  const failure = { kind: "waiting", reason: "approval-needed", digest: "d1" } as const;
  const held = status("hosts/frodo", {
    attempted: revision("c1"),
    deployed: revision("c0"),
    failure,
    heldDigest: "d1",
    lastRun: "r0",
  });
  const check: Run = { ...run, id: "r2", mode: "check", revision: revision("c2") };
  const after = settle(held, check, { ...good, applied: false, full: false }, NOON, 0.5);
  assert.deepEqual(
    [after.failure, after.heldDigest, after.lastRun, after.attempted?.sha, after.checkedAt],
    [failure, "d1", "r0", "c1", NOON],
  );
});

test("a check that succeeds ends what an earlier check failed of", () => {
  const unread = { kind: "transient", reason: "check-failed", errors: [] } as const;
  const check: Run = { ...run, mode: "check" };
  const failed = settle(undefined, check, endedWith(unread), NOON, 0.5);
  assert.equal(failed.failure?.reason, "check-failed");
  assert.equal(failed.attempted, undefined);
  const after = settle(failed, check, { ...good, applied: false, full: false }, NOON, 0.5);
  assert.deepEqual([after.failure, after.retryAt, after.attempts], [undefined, undefined, 0]);
});

test("a stack that somebody else works on is tried again soon", () => {
  const busy = { kind: "waiting", reason: "stack-busy", by: "ada" } as const;
  const after = settle(undefined, run, endedWith(busy), NOON, 0.5);
  assert.ok(after.retryAt !== undefined && after.retryAt > NOON && after.retryAt < NOON + MINUTE);
});
