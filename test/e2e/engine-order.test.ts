/** Which stack comes before which, one run per stack at a time, and what newer commits do to runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

const base = (box: string, text: string): string =>
  fileProgram(box, { base: text }, `export const text = ${JSON.stringify(text)};`);
const left = (box: string): string =>
  program(
    box,
    `const ref = new pulumi.StackReference("organization/base/dev");
file("left", ref.requireOutput("text"));`,
  );

test("stacks run in their order", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings({
        "left/*": "{ dependsOn: [base/dev] }",
        "right/*": "{ dependsOn: [base/dev] }",
        "top/*": "{ dependsOn: [left/dev, right/dev] }",
      }),
      ...project("base", base(box, "one")),
      ...project("left", left(box)),
      ...project("right", fileProgram(box, { right: "r" })),
      ...project("top", fileProgram(box, { top: "t" })),
    }),
  });
  const { box } = stage;
  const ranBy = (runs: Iterable<RunRecord>): readonly string[] =>
    [...runs].sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0)).map(({ stack }) => stack);

  await t.test("a diamond runs from its base, and its end once", async () => {
    const runs = await stage.run("converge");
    for (const run of runs.values()) assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    const order = ranBy(runs.values());
    assert.equal(order[0], "base/dev");
    assert.equal(order.at(-1), "top/dev");
    const all = await stage.controller().runs({ stack: "top/dev" });
    assert.equal(all.length, 1);
    assert.equal(box.read("left"), "one");
  });

  await t.test("no more runs at once than allowed, and never two of one stack", () => {
    let now = 0;
    let most = 0;
    for (const event of stage.events) {
      if (event.type === "run-started") most = Math.max(most, ++now);
      if (event.type === "run-ended") now--;
    }
    assert.equal(most, 2);
    assert.equal(now, 0);
  });

  await t.test("what a stack reads of another one counts as its dependency", async () => {
    assert.deepEqual((await stage.status("left/dev")).references, ["base/dev"]);
  });

  await t.test("when one fails, those behind it wait and say for whom", async () => {
    stage.commit({ "base/index.mjs": program(box.folder, 'throw new Error("no base today");') });
    const runs = await stage.run("converge");
    assert.equal(runs.get("base/dev")?.failure?.reason, "program-failed");
    for (const stack of ["left/dev", "right/dev", "top/dev"]) {
      const failure = runs.get(stack)?.failure;
      assert.equal(failure?.reason, "dependency-not-ready", `${stack}: ${JSON.stringify(failure)}`);
    }
    const waiting = runs.get("left/dev")?.failure;
    assert.deepEqual(waiting?.reason === "dependency-not-ready" && waiting.on, ["base/dev"]);
  });

  await t.test("once it is mended, new outputs flow", async () => {
    stage.commit({ "base/index.mjs": base(box.folder, "two") });
    const runs = await stage.run("converge");
    for (const run of runs.values()) assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(box.read("left"), "two");
  });

  await t.test("those who ask while a stack runs get one run together, after it", async () => {
    let asked: readonly Promise<RunRecord>[] = [];
    stage.beforeLook("base/dev", () => (asked = [stage.plan("base/dev"), stage.plan("base/dev")]));
    const first = await stage.plan("base/dev");
    const [one, other] = await Promise.all(asked);
    assert.ok(one && other);
    assert.equal(one.id, other.id);
    assert.ok(one.startedAt >= (first.endedAt ?? Infinity));
  });

  await t.test("a commit that arrives during a plan takes the place of the older one", async () => {
    const older = stage.commit({ "base/index.mjs": base(box.folder, "three") });
    let newer = "";
    stage.beforeLook("base/dev", () => {
      newer = stage.commit({ "base/index.mjs": base(box.folder, "four") });
      void stage.controller().poll();
    });
    const run = await stage.sync("base/dev");
    assert.equal(run.outcome, "aborted", JSON.stringify(run.failure));
    assert.deepEqual(run.failure, { kind: "aborted", reason: "superseded", by: newer });
    assert.equal(run.revision?.sha, older);
    assert.equal(box.read("base"), "two");
    assert.equal((await stage.sync("base/dev")).outcome, "converged");
    assert.equal(box.read("base"), "four");
  });

  await t.test("a paused stack is not applied, and its pause is named", async () => {
    await stage.controller().pause("base/dev", "the disk is being changed", "ada");
    stage.commit({ "base/index.mjs": base(box.folder, "five") });
    const run = await stage.sync("base/dev");
    const why = "the disk is being changed";
    assert.deepEqual(run.failure, { kind: "waiting", reason: "paused", why, by: "ada" });
    assert.equal(box.read("base"), "four");
    await stage.controller().resume("base/dev");
    assert.equal((await stage.sync("base/dev")).outcome, "converged");
  });

  await t.test("a circle is an error that names it, and changes nothing", async () => {
    stage.commit(
      settings({ "left/*": "{ dependsOn: [right/dev] }", "right/*": "{ dependsOn: [left/dev] }" }),
    );
    assert.ok((await stage.controller().poll()).ok);
    const said = JSON.stringify((await stage.controller().overview()).problems);
    assert.match(said, /left\/dev -> right\/dev -> left\/dev|right\/dev -> left\/dev -> right\/dev/);
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
  });
});
