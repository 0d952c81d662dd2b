/** One run for one finding, however often it is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFindings } from "../../../../src/engine/probe/findings.ts";
import { MINUTE, NOON } from "../../../support/engine-samples.ts";

const EVERY = 30_000;
const motd = { urn: "urn:motd", paths: ["content"] };
const issue = { urn: "urn:issue", paths: ["mode", "owner"] };
const at = (now: number) => ({ now, every: EVERY, checked: 10 * MINUTE });
const corrected = { outcome: "converged", counts: { update: 1, same: 19 } } as const;

test("a finding asks for one run, and what that run leaves as it is does not ask again", () => {
  const findings = createFindings();
  assert.equal(findings.seen("frodo", [motd], at(NOON)), true);
  assert.equal(findings.wants("frodo"), true);
  assert.equal(findings.seen("frodo", [motd], at(NOON + EVERY)), false, "it waits already");
  findings.begun("frodo", "converge");
  assert.equal(findings.wants("frodo"), false);
  for (const outcome of ["drifted", "held", "failed", "unchanged"] as const) {
    findings.ended("frodo", { outcome });
    assert.equal(findings.seen("frodo", [motd], at(NOON + 24 * 60 * MINUTE)), false, outcome);
  }
});

test("it asks again when something else differs, or what differed was in order in between", () => {
  const findings = createFindings();
  const asked = (differences: readonly (typeof motd)[], now: number): boolean => {
    const asks = findings.seen("frodo", differences, at(now));
    findings.begun("frodo", "converge");
    findings.ended("frodo", { outcome: "drifted" });
    return asks;
  };
  assert.equal(asked([motd], NOON), true);
  assert.equal(asked([motd, issue], NOON + EVERY), true);
  assert.equal(
    asked([{ ...issue, paths: ["owner", "mode"] }, motd], NOON + 2 * EVERY),
    false,
    "whatever the order",
  );
  assert.equal(asked([issue], NOON + 3 * EVERY), true);
  assert.equal(asked([], NOON + 4 * EVERY), true, "what a run left as it was is in order again");
  assert.equal(asked([], NOON + 5 * EVERY), false);
  assert.equal(asked([issue], NOON + 6 * EVERY), true);
});

test("what was put right and differs again is put right again, less and less often where nobody rests", () => {
  const findings = createFindings();
  const asks: number[] = [];
  for (let now = NOON; now <= NOON + 60 * MINUTE; now += EVERY) {
    if (findings.seen("frodo", [motd], at(now))) asks.push((now - NOON) / EVERY);
    if (!findings.wants("frodo")) continue;
    findings.begun("frodo", "converge");
    findings.ended("frodo", corrected);
  }
  assert.deepEqual(asks, [0, 1, 2, 4, 8, 16, 32, 52, 72, 92, 112]);
});

test("what is in order again before a run has looked, or after one put it right, asks for nothing", () => {
  const findings = createFindings();
  findings.seen("frodo", [motd], at(NOON));
  assert.equal(findings.seen("frodo", [], at(NOON + EVERY)), false);
  assert.equal(findings.wants("frodo"), false);
  findings.seen("frodo", [motd], at(NOON + 2 * EVERY));
  findings.begun("frodo", "converge");
  findings.ended("frodo", corrected);
  assert.equal(findings.seen("frodo", [], at(NOON + 3 * EVERY)), false);
  assert.equal(findings.wants("frodo"), false);
});

test("what comes and goes before a run sees it asks less and less often", () => {
  const findings = createFindings();
  const asks: number[] = [];
  for (let round = 0; round <= 120; round++) {
    const differs = round % 2 === 0 ? [motd] : [];
    if (findings.seen("frodo", differs, at(NOON + round * EVERY))) asks.push(round);
    findings.begun("frodo", "converge");
    findings.ended("frodo", { outcome: "unchanged" });
  }
  assert.deepEqual(asks, [0, 2, 4, 6, 10, 18, 34, 54, 74, 94, 114]);
  assert.equal(findings.seen("frodo", [issue], at(NOON + 121 * EVERY)), true, "something else asks at once");
});

test("a clock that was set back does not stop the corrections", () => {
  const findings = createFindings();
  findings.seen("frodo", [motd], at(NOON));
  findings.begun("frodo", "converge");
  findings.ended("frodo", corrected);
  assert.equal(findings.seen("frodo", [motd], at(NOON - 60 * MINUTE)), true);
});

test("a run that was cut off has not looked, and one that only plans does not count", () => {
  const findings = createFindings();
  findings.seen("frodo", [motd], at(NOON));
  findings.begun("frodo", "plan");
  assert.equal(findings.wants("frodo"), true);
  findings.begun("frodo", "converge");
  findings.ended("frodo", { outcome: "aborted" });
  assert.equal(findings.seen("frodo", [motd], at(NOON + EVERY)), true);
});

test("stacks do not know each other, and a run without a finding leaves nothing behind", () => {
  const findings = createFindings();
  findings.begun("camelot", "converge");
  findings.ended("camelot", corrected);
  assert.equal(findings.seen("frodo", [motd], at(NOON)), true);
  assert.equal(findings.wants("camelot"), false);
  assert.equal(findings.seen("camelot", [motd], at(NOON)), true);
});

test("where each change is told, in order in between does not count for a while, and then it does", () => {
  const findings = createFindings();
  const told = (now: number) => ({ now, every: 2_000, checked: 10 * MINUTE, told: true });
  const asks: number[] = [];
  const round = (now: number): void => {
    if (!findings.seen("frodo", [motd], told(NOON + now))) return;
    asks.push(now);
    findings.begun("frodo", "converge");
    findings.ended("frodo", corrected);
    findings.seen("frodo", [], told(NOON + now));
  };
  for (let now = 0; now <= 40_000; now += 500) round(now);
  assert.deepEqual(asks, [0, 1_000, 3_000, 7_000, 15_000, 31_000]);
  asks.length = 0;
  for (const now of [31_000 + 8 * 32_000, 31_000 + 8 * 32_000 + 1_000]) round(now);
  assert.equal(asks.length, 2, "after a long rest it is asked for at once again, and a second later, too");
});
