import assert from "node:assert/strict";
import { test } from "node:test";
import { appliedOf } from "../../../src/pulumi/apply-result.ts";
import { recordedEvents, recordedProcess } from "../../support/pulumi/recorded.ts";
import { openRedactor } from "../../support/pulumi/stage.ts";

const applied = (name: string) => appliedOf(recordedEvents(name), recordedProcess(name).code, openRedactor);
const steps = (name: string): readonly string[] =>
  applied(name)
    .done.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`)
    .toSorted();

test("a create says what it made", () => {
  const { counts, errors, exitCode } = applied("create");
  assert.deepEqual([counts, errors, exitCode], [{ create: 5 }, [], 0]);
  assert.ok(steps("create").includes("create a"));
});

test("an update says what it changed and not what stayed", () => {
  assert.deepEqual(steps("update"), ["update a"]);
});

test("a replacement is told step by step", () => {
  assert.deepEqual(steps("replace"), ["create-replacement a", "delete-replaced a", "replace a", "update c"]);
});

test("a refresh tells what it took in", () => {
  assert.deepEqual(steps("drift-gone-refresh"), ["delete b"]);
});

test("a creation that fails is an error of its resource, and the others are done", () => {
  const { errors, exitCode, done } = applied("create-fails");
  assert.equal(exitCode, 1);
  assert.deepEqual(errors, [
    {
      urn: "urn:pulumi:dev::probe::probe:index:Thing::bad",
      message: "cannot make /target/bad: it is unmakeable",
    },
  ]);
  assert.ok(done.some(({ urn }) => urn.endsWith("::good")));
});
