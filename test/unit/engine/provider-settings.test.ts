import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok, type Failure } from "../../../src/engine/failure.ts";
import { SECRET_MASK, UNKNOWN_VALUE, type Change } from "../../../src/engine/ports/plan.ts";
import type { Observation } from "../../../src/engine/ports/pulumi.ts";
import { lookThatCounts, wantsProgram } from "../../../src/engine/provider-settings.ts";
import { change } from "../../support/engine-samples.ts";

const seen = (...changes: readonly Change[]) =>
  ok<Observation>({ drift: [], changes, same: 0, diagnostics: [] });
const provider = (op: Change["op"], more: Partial<Change> = {}): Change =>
  change("cluster", op, { type: "pulumi:providers:kubernetes", ...more });
const path = (name: string) => ({ path: name, kind: "update" as const });
const unread = (urn: string, message = "401") =>
  fail({ kind: "transient", reason: "check-failed", errors: [{ urn, message }] });
const pod = "urn:pulumi:dev::web::web:index:App$kubernetes:core/v1:Pod::one";
const motd = "urn:pulumi:dev::web::holdfast:host:File::motd";
const other = "urn:pulumi:dev::web::pulumi:pulumi:StackReference::other";

test("a plan that leaves the providers as they are needs no second look", () => {
  assert.ok(!wantsProgram(seen(change("motd", "update", { paths: [path("content")] }))));
  assert.ok(!wantsProgram(seen(provider("create", { after: { kubeconfig: "a" } }))));
  assert.ok(!wantsProgram(seen(provider("delete", { before: { kubeconfig: "a" } }))));
});

test("a provider that gets another credential does, also where the credential is masked", () => {
  const masked = { kubeconfig: SECRET_MASK };
  for (const op of ["update", "replace", "create-replacement"] as const) {
    const told = provider(op, { paths: [path("kubeconfig")], before: masked, after: masked });
    assert.ok(wantsProgram(seen(told)), op);
    assert.ok(wantsProgram(seen({ ...told, paths: [] })), `${op} without paths`);
  }
});

test("another version of a plugin alone does not", () => {
  const before = { version: "4.1.0", __internal: { a: 1 }, context: "a" };
  const after = { version: "4.2.0", __internal: { a: 2 }, context: "a" };
  assert.ok(!wantsProgram(seen(provider("update", { paths: [path("version")] }))));
  assert.ok(!wantsProgram(seen(provider("update", { before, after }))));
  assert.ok(!wantsProgram(seen(provider("create", { after }), provider("delete", { before }))));
});

test("a provider under a new name that takes the place of one with other settings does", () => {
  const made = provider("create", { name: "new", after: { context: "b" } });
  assert.ok(wantsProgram(seen(made, provider("delete", { before: { context: "a" } }))));
  const elsewhere = provider("delete", { type: "pulumi:providers:aws", before: { context: "a" } });
  assert.ok(!wantsProgram(seen(made, elsewhere)));
});

test("what holdfast tells its own provider does not", () => {
  const own = provider("update", { type: "pulumi:providers:holdfast", paths: [path("x")] });
  assert.ok(!wantsProgram(seen(own)));
});

test("settings that only the apply will know do not: everything would seem to be gone", () => {
  const rotated = provider("update", { paths: [path("token")], after: { token: SECRET_MASK } });
  const unknown = provider("update", { paths: [path("kubeconfig")], after: { kubeconfig: UNKNOWN_VALUE } });
  assert.ok(wantsProgram(seen(rotated)));
  assert.ok(!wantsProgram(seen(unknown)));
  assert.ok(!wantsProgram(seen(rotated, unknown)));
});

test("a failed read of something behind a credential does, of holdfast's or Pulumi's own does not", () => {
  assert.ok(wantsProgram(unread(pod)));
  assert.ok(!wantsProgram(unread(motd)));
  assert.ok(!wantsProgram(unread(other)));
  const failed: Failure = { kind: "stalled", reason: "program-failed", message: "no" };
  assert.ok(!wantsProgram(fail(failed)));
});

test("the second look counts, unless it read through a provider whose settings are not known yet", () => {
  const second = seen(provider("update", { paths: [path("token")], after: { token: SECRET_MASK } }));
  assert.equal(lookThatCounts(seen(), second), second);
  assert.equal(lookThatCounts(unread(pod), second), second);
  const blind = seen(provider("update", { after: { token: UNKNOWN_VALUE } }));
  const first = unread(pod);
  assert.equal(lookThatCounts(first, blind), first);
});

test("a second look that fails as well is told by what could not be read, and by what else went wrong", () => {
  const failure = (second: Failure, first = unread(pod, "401 with the old one")): Failure | undefined => {
    const counts = lookThatCounts(first, fail(second));
    return counts.ok ? undefined : counts.failure;
  };
  const again = unread(pod, "401 with the new one").failure;
  assert.deepEqual(failure(again), again);
  const stopped: Failure = { kind: "aborted", reason: "shutting-down" };
  assert.deepEqual(failure(stopped), stopped);
  const told = failure({ kind: "stalled", reason: "program-failed", message: "no such luck" });
  assert.ok(told?.reason === "check-failed");
  assert.match(JSON.stringify(told.errors), /401 with the old one.*no such luck/);
});
