/** What the repository does to the estate: rewritten histories, a branch that is gone, settings that cannot be read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { git } from "../support/git.ts";
import { must, openStage } from "../support/holdfast.ts";

test("the repository may stall the estate, never wreck it", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings({ "narrow/*": '{ inputs: ["lib/**"] }' }),
      ...project("web", fileProgram(box, { a: "one" })),
      ...project("narrow", fileProgram(box, { n: "one" })),
    }),
  });
  const { box, repository } = stage;
  const web = (content: string) => ({ "web/index.mjs": fileProgram(box.folder, { a: content }) });
  const polled = async (): Promise<string> => {
    const result = await stage.controller().poll();
    return result.ok ? "ok" : result.failure.reason;
  };
  const first = repository.head();
  for (const run of (await stage.run("converge")).values())
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));

  await t.test(
    "a commit that does not concern a stack with `inputs` is deployed there without a run",
    async () => {
      const second = stage.commit(web("two"));
      assert.equal((await stage.sync("web/dev")).outcome, "converged");
      const status = await stage.status("narrow/dev");
      assert.deepEqual([status.deployed?.sha, status.attempted?.sha], [second, second]);
      assert.equal((await stage.controller().runs({ stack: "narrow/dev" })).length, 1);
    },
  );

  await t.test("a holdfast.yaml with a mistake keeps the last good estate, and says so", async () => {
    stage.commit({ "holdfast.yaml": "stacks:\n  nobody/*: {}\n", ...web("three") });
    assert.equal(await polled(), "config-invalid");
    const { stacks, failure } = await stage.controller().overview();
    assert.equal(failure?.reason, "config-invalid");
    assert.ok(stacks.every(({ settings: known }) => known));
    assert.equal((await stage.check("web/dev")).outcome, "unchanged");
  });

  await t.test("also after a restart", async () => {
    await stage.reopen();
    const { stacks, failure } = await stage.controller().overview();
    assert.equal(failure?.reason, "config-invalid");
    assert.deepEqual(
      stacks.map(({ stack, settings: known }) => [stack, known !== undefined]),
      [
        ["narrow/dev", true],
        ["web/dev", true],
      ],
    );
    assert.equal(box.read("a"), "two");
  });

  await t.test("the next good commit goes on from there", async () => {
    stage.commit(settings({ "narrow/*": '{ inputs: ["lib/**"] }' }));
    const run = await stage.sync("web/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(box.read("a"), "three");
  });

  await t.test("a history that was rewritten stalls, and touches nothing", async () => {
    repository.reset(first);
    assert.equal(await polled(), "history-rewritten");
    const asked = await stage.controller().ask({ stacks: ["web/dev"], mode: "converge", by: "ada" });
    assert.equal(!asked.ok && asked.failure.reason, "history-rewritten");
    assert.equal(box.read("a"), "three");
  });

  await t.test("until a person accepts it", async () => {
    assert.equal(must(await stage.controller().acceptRewrite(first)).sha, first);
    assert.equal((await stage.sync("web/dev")).outcome, "converged");
    assert.equal(box.read("a"), "one");
  });

  await t.test("which counts once: the next rewrite back to the same commit stalls again", async () => {
    stage.commit(web("four"));
    assert.equal((await stage.sync("web/dev")).outcome, "converged");
    repository.reset(first);
    assert.equal(await polled(), "history-rewritten");
    assert.equal(box.read("a"), "four");
  });

  await t.test("a branch that has vanished is not an empty one", async () => {
    git(repository.bare, ["update-ref", "-d", `refs/heads/${repository.branch}`]);
    assert.equal(await polled(), "branch-missing");
    const { stacks } = await stage.controller().overview();
    assert.ok(stacks.length === 2 && stacks.every(({ settings: known }) => known));
    assert.equal(box.read("a"), "four");
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
  });
});
