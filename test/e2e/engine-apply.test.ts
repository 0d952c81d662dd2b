/** The main path, and an apply that does only what was planned: each test changes something between plan and apply. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

test("a commit is applied to its target", async t => {
  const stage = await openStage(t, {
    files: box => ({ ...settings(), ...project("web", fileProgram(box, { a: "one", b: "two" })) }),
  });
  await t.test("the first commit makes its files", async () => {
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(stage.box.read("a"), "one");
    assert.deepEqual(await stage.resources("web/dev"), ["a", "b"]);
  });
  await t.test("an unchanged stack is left alone", async () => {
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "unchanged", JSON.stringify(run.failure));
  });
});
