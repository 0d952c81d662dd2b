/** The end of a stack: asked for by a person, or gone from Git. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { must, openStage } from "../support/holdfast.ts";

const two = (prefix: string) => ({ [`${prefix}/a`]: "one", [`${prefix}/b`]: "one" });
const rules = settings({ "pruned/*": "{ prune: true, limits: { deletes: 9 } }" });

test("a stack ends only when it is told to", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...rules,
      ...project("wanted", fileProgram(box, two("w"))),
      ...project("orphan", fileProgram(box, two("o"))),
      ...project("pruned", fileProgram(box, two("p"))),
    }),
  });
  const { box } = stage;
  const known = async (): Promise<readonly string[]> =>
    (await stage.controller().overview()).stacks.map(({ stack }) => stack);
  const inState = async (stack: string): Promise<boolean> => (await stage.controller().exportState(stack)).ok;
  for (const run of (await stage.run("converge")).values())
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));

  await t.test("a destroy of all that a stack has is held", async () => {
    const run = await stage.destroy("wanted/dev");
    assert.equal(run.failure?.reason, "limit-exceeded", JSON.stringify(run.failure));
    assert.equal(box.read("w/a"), "one");
  });

  await t.test("and done once it is approved; nothing is left of the stack", async () => {
    const [held] = await stage.controller().runs({ stack: "wanted/dev" });
    const run = must(await stage.controller().approve(held?.id ?? "", "ada"));
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual([box.read("w/a"), box.read("w/b")], [undefined, undefined]);
    assert.equal(await inState("wanted/dev"), false);
    assert.equal(await stage.holdfast().records.status("wanted/dev"), undefined);
  });

  await t.test("while Git still wants it, it is paused and not made again by itself", async () => {
    const run = await stage.sync("wanted/dev");
    assert.equal(run.failure?.reason, "paused", JSON.stringify(run.failure));
    assert.equal(box.read("w/a"), undefined);
    await stage.controller().resume("wanted/dev");
    assert.equal((await stage.sync("wanted/dev")).outcome, "converged");
    assert.equal(box.read("w/a"), "one");
  });

  await t.test(
    "a stack that is gone from Git is shown, and nothing of it is destroyed or applied",
    async () => {
      stage.commit({ "holdfast.yaml": settings()["holdfast.yaml"] ?? "", "orphan/Pulumi.dev.yaml": null });
      must(await stage.controller().poll());
      const { stacks } = await stage.controller().overview();
      const orphan = stacks.find(({ stack }) => stack === "orphan/dev");
      assert.ok(orphan && orphan.settings === undefined);
      assert.equal((await stage.sync("orphan/dev")).failure?.reason, "orphaned");
      assert.equal(box.read("o/a"), "one");
    },
  );

  await t.test("until somebody destroys it; then it is forgotten", async () => {
    const held = await stage.destroy("orphan/dev");
    assert.equal(held.failure?.reason, "limit-exceeded", JSON.stringify(held.failure));
    const run = must(await stage.controller().approve(held.id, "ada"));
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(box.read("o/a"), undefined);
    assert.deepEqual(await known(), ["pruned/dev", "wanted/dev"]);
    assert.equal(await inState("orphan/dev"), false);
  });

  await t.test("one with `prune` is destroyed when Git forgets it, through its gates", async () => {
    stage.commit({ ...rules });
    assert.equal((await stage.sync("pruned/dev")).outcome, "converged");
    stage.commit({ "holdfast.yaml": settings()["holdfast.yaml"] ?? "", "pruned/Pulumi.dev.yaml": null });
    const runs = await stage.run("converge");
    assert.equal(runs.get("pruned/dev")?.mode, "destroy");
    assert.equal(runs.get("pruned/dev")?.outcome, "converged");
    assert.equal(box.read("p/a"), undefined);
    assert.deepEqual(await known(), ["wanted/dev"]);
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
  });
});
