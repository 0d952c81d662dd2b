/** Programs that go wrong: each failure is named, others go on, nothing is stuck afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

const bad = (box: string): Readonly<Record<string, string>> => ({
  throws: program(box, 'file("never", "x");\nthrow new Error("no such luck");'),
  endless: program(box, "setInterval(() => undefined, 1000);"),
  exits: program(box, "process.exit(3);"),
  plugin: program(box, 'new pulumi.CustomResource("nosuch:index:Thing", "thing", {});'),
  invalid: program(box, 'new File("crooked", { connection, path: "not/absolute", content: "x" });'),
  silent: program(box, 'Promise.reject(new Error("nobody listens"));'),
});
const loud = `for (let i = 0; i < 100; i++) process.stdout.write("x".repeat(1024 * 1024) + "\\n");`;

test("what goes wrong is named, and others go on", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings({ "endless/*": "{ timeout: 10s }" }),
      ...Object.fromEntries(
        Object.entries(bad(box)).flatMap(([name, text]) => Object.entries(project(name, text))),
      ),
      ...project("loud", fileProgram(box, { loud: "x" }, loud)),
      ...project("good", fileProgram(box, { good: "one" })),
    }),
  });
  const runs = await stage.run("converge");
  const why = (name: string): string => JSON.stringify(runs.get(`${name}/dev`)?.failure);

  await t.test("a stack whose program is good is not touched by its neighbours", () => {
    assert.equal(runs.get("good/dev")?.outcome, "converged", why("good"));
    assert.equal(stage.box.read("good"), "one");
  });

  const told: readonly (readonly [string, string, string, RegExp])[] = [
    ["a program that throws", "throws", "program-failed", /no such luck/],
    ["a promise that is rejected and that nobody waits for", "silent", "program-failed", /nobody listens/],
    ["a program that ends its process", "exits", "program-failed", /exit code: 3/],
    ["a program that never ends", "endless", "timed-out", /"afterMs":10000/],
    ["a plugin that is not there", "plugin", "plugin-missing", /nosuch/],
    ["inputs that the provider refuses", "invalid", "resource-invalid", /path/],
  ];
  for (const [title, name, reason, text] of told)
    await t.test(`${title} is named`, () => {
      const run = runs.get(`${name}/dev`);
      assert.equal(run?.outcome, "failed");
      assert.equal(run.failure?.reason, reason, why(name));
      assert.match(why(name), text);
    });

  await t.test("a program that prints 100 MB is applied, and its record stays small", async () => {
    const run = runs.get("loud/dev");
    assert.equal(run?.outcome, "converged", why("loud"));
    const recorded = await stage.controller().run(run.id);
    assert.ok(JSON.stringify(recorded).length < 1024 * 1024);
  });

  await t.test("no run is left open, and the next good commit converges", async () => {
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
    assert.equal(stage.box.read("never"), undefined);
    const names = ["throws", "endless", "exits"];
    for (const name of names)
      stage.commit({ [`${name}/index.mjs`]: fileProgram(stage.box.folder, { [name]: "mended" }) });
    const stacks = names.map(name => `${name}/dev`);
    for (const run of (await stage.run("converge", stacks)).values())
      assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      names.map(name => stage.box.read(name)),
      ["mended", "mended", "mended"],
    );
  });
});
