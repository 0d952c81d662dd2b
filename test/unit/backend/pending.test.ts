/** A person's word on steps without a known end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { resolvePending, takeBack } from "../../../src/backend/pending.ts";
import type { Deployment, Operation, Resource } from "../../../src/backend/deployment/types.ts";

const urn = (name: string): string => `urn:pulumi:dev::web::probe:index:Thing::${name}`;
const resource = (name: string, more: Partial<Resource> = {}): Resource => ({
  urn: urn(name),
  type: "probe:index:Thing",
  custom: true,
  inputs: { content: name },
  ...more,
});
const creating = (name: string, more: Partial<Resource> = {}): Operation => ({
  type: "creating",
  resource: resource(name, more),
});
const manifest = { time: "", magic: "", version: "" };
const state = (resources: readonly Resource[], pending: readonly Operation[]): Deployment => ({
  manifest,
  resources,
  pending_operations: pending,
});

test("what is forgotten goes, the others stay", () => {
  const done = resolvePending(state([], [creating("a"), creating("b")]), { forget: [urn("a")], adopt: [] });
  assert.ok(done.ok);
  assert.deepEqual(done.deployment.pending_operations, [creating("b")]);
  assert.deepEqual(done.deployment.resources, []);
});

test("what is adopted is a resource with its id, after what it needs", () => {
  const before = state([resource("a", { id: "1" })], [creating("b", { dependencies: [urn("a")] })]);
  const done = resolvePending(before, { forget: [], adopt: [{ urn: urn("b"), id: "i=2" }] });
  assert.ok(done.ok);
  assert.equal("pending_operations" in done.deployment, false);
  const [, made] = done.deployment.resources ?? [];
  assert.deepEqual([made?.urn, made?.id, made?.outputs], [urn("b"), "i=2", { content: "b" }]);
});

const refused: readonly (readonly [string, Deployment, RegExp])[] = [
  ["a step that is none", state([], []), /no create of unknown end/],
  ["an update", state([], [{ ...creating("a"), type: "updating" }]), /no create of unknown end/],
  ["one that the state has", state([resource("a")], [creating("a")]), /is in the state already/],
  ["one whose parent is gone", state([], [creating("a", { parent: urn("gone") })]), /does not fit/],
];
for (const [what, before, why] of refused)
  test(`${what} is not adopted`, () => {
    const done = resolvePending(before, { forget: [], adopt: [{ urn: urn("a"), id: "1" }] });
    assert.ok(!done.ok);
    assert.match(done.why, why);
  });

test("what was adopted by mistake is a create of unknown end again, as it was; what stands on it stays", () => {
  const before = state([resource("a", { id: "1" })], [creating("b"), creating("c")]);
  const adopted = [{ urn: urn("b"), id: "wrong" }];
  const done = resolvePending(before, { forget: [], adopt: adopted });
  assert.ok(done.ok);
  const undone = takeBack(done.deployment, adopted);
  assert.ok(undone.ok);
  assert.deepEqual(undone.deployment.resources, before.resources);
  assert.deepEqual(undone.deployment.pending_operations, [creating("c"), creating("b")]);
  const needed = {
    ...done.deployment,
    resources: [...(done.deployment.resources ?? []), resource("d", { dependencies: [urn("b")] })],
  };
  const refusal = takeBack(needed, adopted);
  assert.ok(!refusal.ok && refusal.why.includes("cannot be taken out"));
});
