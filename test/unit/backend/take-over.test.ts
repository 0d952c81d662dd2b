/** A state comes in from elsewhere: not over another one unasked, not under a wrong name, and with its steps under way. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ImportOptions } from "../../../src/engine/ports/state.ts";
import { openServiceStage } from "../../support/state-stage.ts";

const stage = await openServiceStage();
after(() => stage.close());

const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
const root = (stack: string) => ({
  urn: `urn:pulumi:${stack}::web::pulumi:pulumi:Stack::web-${stack}`,
  type: "pulumi:pulumi:Stack",
  custom: false,
});
const thing = { type: "test:index:Thing", custom: true };
const pendingThing = { ...thing, urn: "urn:pulumi:old::web::test:index:Thing::a" };

const take = (stack: string, from: string, more: object = {}, options?: ImportOptions) =>
  stage.control.importState(
    stack,
    { version: 3, deployment: { manifest, resources: [root(from)], ...more } },
    options,
  );

async function refusal(asked: ReturnType<typeof take>): Promise<string> {
  const result = await asked;
  assert.ok(!result.ok);
  return JSON.stringify(result.failure);
}

test("a state is not written over unasked; the former one stays in the history", async () => {
  assert.deepEqual(await take("web/one", "one"), {
    ok: true,
    value: { version: 1, resources: 1, pending: [] },
  });
  assert.match(await refusal(take("web/one", "one")), /has a state already.*--force/);
  const other = { resources: [{ ...root("one"), outputs: { word: "other" } }] };
  const forced = await take("web/one", "one", other, { force: true, by: "anna" });
  assert.deepEqual(forced, { ok: true, value: { version: 2, resources: 1, pending: [], replaced: 1 } });
  const stack = await stage.store.stack("web/one");
  assert.equal((await stage.store.checkpoint(stack?.id ?? 0, 1))?.version, 1);
  assert.equal((await stage.store.history(stack?.id ?? 0, 1, 0))[0]?.who, "anna");
});

test("another stack's resources come in only under a name that a person says", async () => {
  assert.match(await refusal(take("web/new", "old")), /of web\/old, not of web\/new.*--from-stack web\/old/);
  assert.match(await refusal(take("web/new", "old", {}, { from: "web/other" })), /not of web\/other/);
  assert.equal(await stage.store.stack("web/new"), undefined, "a refused import left a stack behind");
  const operations = [{ type: "creating", resource: pendingThing }];
  const taken = await take("web/new", "old", { pending_operations: operations }, { from: "web/old" });
  assert.ok(taken.ok);
  assert.deepEqual(taken.value.pending, [
    { urn: "urn:pulumi:new::web::test:index:Thing::a", type: "test:index:Thing", operation: "creating" },
  ]);
  const exported = await stage.control.exportState("web/new");
  assert.ok(exported.ok && JSON.stringify(exported.value).includes("pulumi:pulumi:Stack::web-new"));
});

test("what a newer Pulumi wrote is refused before anything is made", async () => {
  assert.match(await refusal(stage.control.importState("web/late", { version: 9 })), /schema version 9/);
  assert.equal(await stage.store.stack("web/late"), undefined);
});
