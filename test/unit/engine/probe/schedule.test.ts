/** When the probe looks, and at which stacks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { due } from "../../../../src/engine/due.ts";
import { mayProbe, planSweeps, probeEvery, type Sweeps } from "../../../../src/engine/probe/schedule.ts";
import { MINUTE, NOON, revision, stack, status } from "../../../support/engine-samples.ts";

const SECOND = 1000;
const drift = { every: 10 * MINUTE, action: "correct" } as const;

test("a stack's own word counts before the daemon's", () => {
  const own = (probe?: number | "off") =>
    stack("hosts/frodo", { drift: { ...drift, ...(probe !== undefined && { probe }) } });
  assert.equal(probeEvery(own(), 30 * SECOND), 30 * SECOND);
  assert.equal(probeEvery(own(5 * SECOND), 30 * SECOND), 5 * SECOND);
  assert.equal(probeEvery(own(5 * SECOND), "off"), 5 * SECOND);
  assert.equal(probeEvery(own("off"), 30 * SECOND), undefined);
  assert.equal(probeEvery(own(), "off"), undefined);
});

test("the first look is within the first interval, and the next ones an interval apart, a tenth more or less", () => {
  const every = 30 * SECOND;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5, maxLength: 5 }),
      numbers => {
        let sweeps: Sweeps = new Map();
        let index = 0;
        const random = (): number => numbers[index++ % numbers.length] ?? 0;
        const looks: number[] = [];
        for (let now = NOON; now < NOON + 3 * MINUTE; now += SECOND) {
          const next = planSweeps(sweeps, new Set([every]), { now, random });
          if (next.due.length > 0) looks.push(now);
          ({ sweeps } = next);
        }
        assert.ok((looks[0] ?? Infinity) <= NOON + every);
        for (const [at, look] of looks.entries()) {
          const before = looks[at - 1];
          if (before === undefined) continue;
          assert.ok(
            look - before >= every * 0.9 && look - before <= every * 1.1 + SECOND,
            `${look - before}`,
          );
        }
        assert.ok(looks.length >= 4, `${looks.length}`);
      },
    ),
  );
});

test("stacks of one interval are looked at together, and an interval that nobody has any more is forgotten", () => {
  const when = { now: NOON, random: () => 0 };
  const first = planSweeps(new Map(), new Set([1000, 5000]), when);
  assert.deepEqual(first, {
    due: [],
    sweeps: new Map([
      [1000, NOON],
      [5000, NOON],
    ]),
  });
  const second = planSweeps(first.sweeps, new Set([1000]), when);
  assert.deepEqual(second, { due: [1000], sweeps: new Map([[1000, NOON + 900]]) });
});

test("a clock that was set back does not put the probe off", () => {
  const later = new Map([[1000, NOON + 60 * MINUTE]]);
  assert.deepEqual(planSweeps(later, new Set([1000]), { now: NOON, random: () => 0.5 }).due, [1000]);
});

test("only what is deployed, and left alone now, is looked at", () => {
  const frodo = status("hosts/frodo", { deployed: revision("c1") });
  const free = { status: frodo, paused: false, busy: false };
  const failed = (failure: NonNullable<typeof frodo.failure>): boolean =>
    mayProbe({ ...free, status: { ...frodo, failure } });
  assert.equal(mayProbe(free), true);
  assert.equal(mayProbe({ ...free, status: undefined }), false);
  assert.equal(mayProbe({ ...free, status: status("hosts/frodo") }), false);
  assert.equal(mayProbe({ ...free, paused: true }), false);
  assert.equal(mayProbe({ ...free, busy: true }), false);
  assert.equal(failed({ kind: "stalled", reason: "program-failed", message: "" }), false);
  assert.equal(failed({ kind: "transient", reason: "apply-failed", errors: [] }), false);
  assert.equal(failed({ kind: "waiting", reason: "approval-needed", digest: "d" }), true);
  assert.equal(failed({ kind: "transient", reason: "host-unreachable", host: "camelot", why: "" }), true);
});

test("what a probe found is due at once, but not before a commit, and not while the stack is paused", () => {
  const frodo = stack("hosts/frodo");
  const there = status("hosts/frodo", {
    attempted: revision("c1"),
    deployed: revision("c1"),
    checkedAt: NOON,
    ranAt: NOON,
  });
  const context = { head: "c1", now: NOON, paused: false, blockedBy: [], spread: 0.5, differs: true };
  assert.deepEqual(due(frodo, there, context), { mode: "converge", trigger: "probe" });
  assert.deepEqual(due(frodo, there, { ...context, head: "c2" }), { mode: "converge", trigger: "commit" });
  assert.equal(due(frodo, there, { ...context, paused: true }), undefined);
  assert.equal(due(frodo, there, { ...context, differs: false }), undefined);
});
