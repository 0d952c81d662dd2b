import assert from "node:assert/strict";
import { test } from "node:test";
import { driftRecords, sortDrift } from "../../../src/engine/drift.ts";
import { change, NOON } from "../../support/engine-samples.ts";

const replicas = change("web", "update", {
  type: "kubernetes:apps/v1:Deployment",
  paths: [{ path: "spec.replicas", kind: "update" }],
});
const rule = {
  type: "kubernetes:apps/v1:Deployment",
  path: "spec.replicas",
  owner: "hpa",
  why: "autoscaler",
};

test("a rule ignores what it names until its day has come", () => {
  assert.equal(sortDrift([replicas], [rule], NOON).ignored.length, 1);
  assert.equal(sortDrift([replicas], [{ ...rule, until: "2026-11-18" }], NOON).counted.length, 1);
  assert.equal(sortDrift([replicas], [{ ...rule, until: "2026-11-19" }], NOON).ignored.length, 1);
});

test("a rule on one path does not cover a second path, nor a deletion", () => {
  const image = {
    ...replicas,
    paths: [...replicas.paths, { path: "spec.template", kind: "update" as const }],
  };
  assert.equal(sortDrift([image], [rule], NOON).counted.length, 1);
  assert.equal(sortDrift([{ ...replicas, op: "delete", paths: [] }], [rule], NOON).counted.length, 1);
});

test("a rule's path covers what is below it and not what only begins alike", () => {
  const below = { ...replicas, paths: [{ path: "spec.replicas.min", kind: "update" as const }] };
  const alike = { ...replicas, paths: [{ path: "spec.replicasMax", kind: "update" as const }] };
  assert.equal(sortDrift([below], [rule], NOON).ignored.length, 1);
  assert.equal(sortDrift([alike], [rule], NOON).counted.length, 1);
});

test("providers never drift", () => {
  assert.equal(
    sortDrift([change("p", "update", { type: "pulumi:providers:holdfast" })], [], NOON).counted.length,
    0,
  );
});

test("drift that is seen again keeps its first sight, and ends when it is seen no more", () => {
  const sight = {
    stack: "hosts/frodo",
    run: "r1",
    now: NOON,
    sorted: sortDrift([change("motd", "update")], [], NOON),
    result: "reported" as const,
  };
  const first = driftRecords([], sight);
  const second = driftRecords(first, { ...sight, run: "r2", now: NOON + 1000 });
  assert.deepEqual([second[0]?.since, second[0]?.seenAt, second[0]?.run], [NOON, NOON + 1000, "r2"]);
  const gone = driftRecords(second, {
    ...sight,
    run: "r3",
    now: NOON + 2000,
    sorted: { counted: [], ignored: [] },
  });
  assert.deepEqual([gone.length, gone[0]?.endedAt, gone[0]?.result], [1, NOON + 2000, "reported"]);
  assert.deepEqual(driftRecords(gone, { ...sight, sorted: { counted: [], ignored: [] } }), []);
});

test("corrected drift has ended", () => {
  const sorted = sortDrift([change("motd", "delete")], [], NOON);
  const [record] = driftRecords([], {
    stack: "hosts/frodo",
    run: "r1",
    now: NOON,
    sorted,
    result: "corrected",
  });
  assert.deepEqual([record?.kind, record?.endedAt], ["gone", NOON]);
});
