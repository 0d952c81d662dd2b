/** What `holdfast unlock` says before and after. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lock } from "../../../src/engine/ports/control.ts";
import { lockText, unlockedText } from "../../../src/report/lock-text.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const step = {
  urn: "urn:pulumi:frodo::hosts::random:index/randomPet:RandomPet::name",
  type: "random:index/randomPet:RandomPet",
  operation: "creating",
};
const free: Lock = { stack: "hosts/frodo", alive: false, underWay: [], pending: [], at: NOON };
const held: Lock = {
  ...free,
  lease: {
    stack: "hosts/frodo",
    update: "u",
    kind: "update",
    who: "anna",
    holder: { host: "laptop", pid: 42, program: "pulumi" },
    since: NOON - 180_000,
    renewed: NOON - 20_000,
    expires: NOON + 280_000,
  },
  underWay: [step],
};

test("who holds it, where, since when, when it would end by itself, and what is under way", () => {
  assert.equal(
    lockText(held),
    `hosts/frodo is being changed (update) by anna
  on laptop (pulumi, process 42)
  since 2026-11-21 11:57:00 UTC (3m), last heard of 20s ago
  its lease ends by itself at 2026-11-21 12:04:40 UTC (in 4m40s), unless it is renewed

Unlocking ends its lease: it can write nothing more, and the next update may begin.
What it did so far is kept. Each step under way becomes one of unknown end:
  creating random:index/randomPet:RandomPet name  ${step.urn}`,
  );
});

test("a run of our own that lives is to be waited for; its commit is named", () => {
  const lease = {
    ...held.lease,
    run: "r1",
    who: "holdfast run r1",
    about: "commit f8ee7ab3 of Anna: Say it",
  };
  const text = lockText({
    ...held,
    alive: true,
    lease: { ...held.lease, ...lease } as NonNullable<Lock["lease"]>,
  });
  assert.match(text, /bringing commit f8ee7ab3 of Anna: Say it/);
  assert.match(text, /it lives: wait for it\. Only --force/);
});

test("steps of unknown end come with what to say of them", () => {
  const text = unlockedText({ ...free, pending: [step] });
  assert.match(text, /^hosts\/frodo is free/);
  assert.match(text, /--adopt URN=ID[^]*--forget URN/);
  assert.equal(lockText(free), "hosts/frodo is not locked.");
});
