import assert from "node:assert/strict";
import { test } from "node:test";
import { repairTargets } from "../../../src/engine/repair.ts";
import { change, plan } from "../../support/engine-samples.ts";

const drift = [change("a", "update"), change("b", "delete")];
const changes = [change("a", "update"), change("b", "create")];
const urns = (...names: readonly string[]): readonly string[] =>
  names.map(name => change(name, "update").urn);

test("a repair touches what differs, and what follows from that", () => {
  assert.deepEqual(repairTargets(plan({ drift, changes })), urns("a", "b"));
  assert.deepEqual(
    repairTargets(plan({ drift, changes: [...changes, change("c", "update")] })),
    urns("a", "b", "c"),
  );
});

test("what is only looked up is no target", () => {
  const reference = change("net", "read", { type: "pulumi:pulumi:StackReference" });
  assert.deepEqual(repairTargets(plan({ drift, changes: [...changes, reference] })), urns("a", "b"));
});

test("a plan that targets cannot express has none", () => {
  const provider = change("p", "update", { type: "pulumi:providers:holdfast" });
  const component = change("site", "update", { component: true });
  const many = Array.from({ length: 501 }, (_, index) => change(`f${index}`, "update"));
  for (const other of [
    plan({ changes }),
    plan({ drift, changes, unknown: [{ urn: change("z", "update").urn, why: "down" }] }),
    plan({ drift, changes, refreshRunsProgram: true }),
    plan({ drift, changes: [...changes, provider] }),
    plan({ drift, changes: [...changes, component] }),
    plan({ drift: many, changes: many }),
  ])
    assert.equal(repairTargets(other), undefined);
});
