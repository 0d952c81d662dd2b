import assert from "node:assert/strict";
import { test } from "node:test";
import { UNKNOWN_VALUE, type Change } from "../../../src/engine/ports/plan.ts";
import type { Step } from "../../../src/pulumi/engine-event.ts";
import { observe } from "../../../src/pulumi/observe.ts";
import { openRedactor } from "../../support/pulumi/stage.ts";
import { recordedEvents } from "../../support/pulumi/recorded.ts";

const seen = (name: string) => observe(recordedEvents(name), openRedactor);
const brief = (changes: readonly Change[]): readonly string[] =>
  changes.map(({ op, name, paths }) =>
    [op, name, ...paths.map(({ path, kind }) => `${kind} ${path}`)].join(" "),
  );
const named = (changes: readonly Change[], name: string): Change | undefined =>
  changes.find(change => change.name === name);

test("a first preview creates the stack, its provider, a component and three resources", () => {
  const { drift, changes, same } = seen("create-preview");
  assert.deepEqual(drift, []);
  assert.equal(same, 0);
  assert.deepEqual(brief(changes).toSorted(), [
    "create a",
    "create b",
    "create c",
    "create default",
    "create group",
    "create probe-dev",
  ]);
  assert.equal(named(changes, "group")?.type, "probe:index:Group");
  assert.equal(named(changes, "default")?.type, "pulumi:providers:probe");
});

test("secrets are masked and unknown values keep the engine's marker", () => {
  const { changes } = seen("create-preview");
  assert.deepEqual(named(changes, "b")?.after, { content: "[secret]", path: "/target/b" });
  assert.equal(named(changes, "c")?.after?.["content"], UNKNOWN_VALUE);
  assert.doesNotMatch(JSON.stringify(changes), /hush/);
});

test("nothing to do is nothing seen but what is the same", () => {
  const { drift, changes, same } = seen("same-preview");
  assert.deepEqual([drift, changes, same], [[], [], 4]);
});

test("an update names its paths and both sides", () => {
  const { changes, drift } = seen("update-preview");
  assert.deepEqual(drift, []);
  const change = named(changes, "a");
  assert.deepEqual(brief(changes), ["update a update content add tags"]);
  assert.equal(change?.before?.["content"], "one");
  assert.deepEqual(change?.after, { content: "two", path: "/target/a", tags: { "a.b": "x" } });
});

test("a replacement is three steps of one resource", () => {
  const ops = (name: string) =>
    seen(name)
      .changes.filter(c => c.name === "a")
      .map(c => c.op);
  assert.deepEqual(ops("replace-preview").toSorted(), ["create-replacement", "delete-replaced", "replace"]);
  assert.equal(ops("delete-before-replace-preview")[0], "delete-replaced");
  const [step] = seen("replace-preview").changes.filter(c => c.op === "replace");
  assert.deepEqual(step?.paths, [{ path: "path", kind: "update-replace" }]);
});

test("a resource that the program dropped is deleted", () => {
  const { changes } = seen("delete-preview");
  assert.deepEqual(brief(changes), ["delete b"]);
  assert.equal(changes[0]?.after, undefined);
});

test("changed outputs of the stack and a changed protection are changes, although the engine calls them same", () => {
  assert.deepEqual(brief(seen("outputs-preview").changes), ["update probe-dev update id"]);
  assert.deepEqual(brief(seen("protect-preview").changes), ["update a update protect"]);
});

test("what only is looked up is a read", () => {
  assert.deepEqual(
    brief(seen("read-preview").changes).filter(line => line.includes("known")),
    ["read known"],
  );
});

for (const kind of ["preview", "check"]) {
  test(`a resource that reality changed is drift, with the path and both sides, in a ${kind}`, () => {
    const { drift } = seen(`drift-changed-${kind}`);
    assert.deepEqual(brief(drift).toSorted(), ["update a update content", "update b update content"]);
    assert.equal(named(drift, "a")?.before?.["content"], "one");
    assert.equal(named(drift, "a")?.after?.["content"], "by hand");
    assert.equal(named(drift, "b")?.after?.["content"], "[secret]");
    assert.doesNotMatch(JSON.stringify(drift), /hush|too/);
  });

  test(`a resource that reality lost is drift of op delete, in a ${kind}`, () => {
    const { drift } = seen(`drift-gone-${kind}`);
    assert.deepEqual(drift.map(({ op, name }) => `${op} ${name}`).toSorted(), ["delete b", "update a"]);
  });
}

test("the repair of drift is planned beside it in a preview, and a check plans nothing", () => {
  const ops = seen("drift-gone-preview")
    .changes.map(({ op, name }) => `${op} ${name}`)
    .toSorted();
  assert.deepEqual(ops, ["create b", "update a"]);
  assert.deepEqual(seen("drift-gone-check").changes, []);
});

test("drift has the name that the state knows, also where the program has given another", () => {
  const state = { custom: true, protect: false, id: "1", outputs: {}, initErrors: [] };
  const urn = (name: string): string => `urn:pulumi:dev::probe::probe:index:Thing::${name}`;
  const step: Step = {
    op: "refresh",
    urn: urn("renamed"),
    type: "probe:index:Thing",
    old: { ...state, urn: urn("first"), inputs: { content: "one" } },
    new: { ...state, urn: urn("renamed"), inputs: { content: "by hand" } },
    diffs: ["content"],
    keys: [],
    detailedDiff: new Map(),
  };
  const { drift } = observe(
    [
      { kind: "begin", step },
      { kind: "done", step },
    ],
    openRedactor,
  );
  assert.deepEqual(
    drift.map(change => [change.urn, change.name]),
    [[urn("first"), "first"]],
  );
});

test("a destroy is planned as deletions", () => {
  const { changes } = seen("destroy-preview");
  assert.ok(changes.length >= 5);
  assert.ok(changes.every(({ op }) => op === "delete"));
});
