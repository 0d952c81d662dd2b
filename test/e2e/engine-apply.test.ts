/** From a commit to its target: what is made, changed and taken away, and what a failed step leaves behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

test("a commit is applied to its target", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings(),
      ...project("web", fileProgram(box, { a: "one", b: "two", c: "three" })),
    }),
  });
  const box = stage.box.folder;

  await t.test("the first commit makes its files, and is recorded", async () => {
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      ["a", "b", "c"].map(name => stage.box.read(name)),
      ["one", "two", "three"],
    );
    assert.deepEqual(await stage.resources("web/dev"), ["a", "b", "c"]);
    const recorded = await stage.controller().run(run.id);
    assert.equal(recorded?.outcome, "converged");
    const created = recorded?.plan?.changes.filter(
      ({ op, type }) => op === "create" && type.startsWith("holdfast:"),
    );
    assert.equal(created?.length, 3);
    assert.equal((await stage.status("web/dev")).deployed?.sha, stage.repository.head());
  });

  await t.test("an unchanged stack is left alone", async () => {
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "unchanged", JSON.stringify(run.failure));
  });

  await t.test("a commit that changes, adds and removes does just that", async () => {
    const third = { [`web/index.mjs`]: fileProgram(box, { a: "changed", b: "two", d: "four" }) };
    const sha = stage.commit(third);
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      run.plan?.changes.map(({ op, name }) => `${op} ${name}`).filter(text => !text.endsWith("web-dev")),
      ["update a", "delete c", "create d"],
    );
    assert.deepEqual(
      ["a", "b", "c", "d"].map(name => stage.box.read(name)),
      ["changed", "two", undefined, "four"],
    );
    assert.equal((await stage.status("web/dev")).deployed?.sha, sha);
  });

  await t.test("git revert brings back what was there", async () => {
    stage.repository.revert("HEAD");
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      ["a", "b", "c", "d"].map(name => stage.box.read(name)),
      ["one", "two", "three", undefined],
    );
  });

  await t.test("one step that fails leaves the others done, and is named", async () => {
    const below = `new File("bad", { connection, path: "/a/below", content: "x" });\nfile("e", "five");`;
    stage.commit({ "web/index.mjs": fileProgram(box, { a: "one", b: "two", c: "three" }, below) });
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "failed");
    assert.equal(run.failure?.reason, "apply-failed", JSON.stringify(run.failure));
    assert.match(JSON.stringify(run.failure), /::bad"/);
    assert.equal(stage.box.read("e"), "five");
    assert.ok((await stage.resources("web/dev")).includes("e"));
    const status = await stage.status("web/dev");
    assert.notEqual(status.deployed?.sha, stage.repository.head());
    assert.ok(status.retryAt);
  });

  await t.test("and the next good commit converges", async () => {
    stage.commit({ "web/index.mjs": program(box, `file("a", "one");\nexport const done = "yes";`) });
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(await stage.resources("web/dev"), ["a"]);
    assert.equal(stage.box.read("e"), undefined);
  });

  await t.test("every run has ended", async () => {
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
    assert.ok((await stage.controller().runs({})).every(({ outcome, endedAt }) => outcome && endedAt));
  });
});
