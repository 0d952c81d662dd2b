/** A project or stack that cannot be read stays as it is deployed; the others of its commit go on, and all is told as it is. */
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sayUnread } from "../../src/commands/head-problems.ts";
import { viewsOf } from "../../src/commands/views.ts";
import { createHealth } from "../../src/commands/wire-health.ts";
import { createMetrics } from "../../src/report/metrics.ts";
import { statusTable } from "../../src/report/status-table.ts";
import { until } from "../support/daemon-stage.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage, type Stage } from "../support/holdfast.ts";

const BROKEN = "name: [oops\n";
const yamlOf = (name: string): string => `name: ${name}\nruntime: nodejs\n`;

/** State by stack, as `holdfast status` names it. */
async function states(stage: Stage): Promise<Record<string, string>> {
  const views = viewsOf(await stage.controller().overview());
  return Object.fromEntries(views.map(({ stack, state }) => [stack, state]));
}

async function table(stage: Stage): Promise<string> {
  const overview = await stage.controller().overview();
  return statusTable(viewsOf(overview), { now: overview.at });
}

async function exitOfAll(stage: Stage): Promise<readonly [number, string]> {
  let said = "";
  const exit = await sayUnread({ stderr: text => void (said += text) }, stage.controller(), [], 0);
  return [exit, said];
}

const RARELY = "{ firstApply: allow, prune: true, interval: 1h, drift: { every: 1h } }";

test("a project that cannot be read in a later commit", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings({
        "*": RARELY,
        "bad/*": "{ drift: { every: 5s } }",
        "next/*": "{ dependsOn: [bad/dev] }",
      }),
      ...project("good", fileProgram(box, { good: "one" })),
      ...project("bad", fileProgram(box, { bad: "one" })),
      ...project("next", fileProgram(box, { next: "one" })),
    }),
  });
  const { box } = stage;
  const write = (name: string, text: string) => ({
    [`${name}/index.mjs`]: fileProgram(box.folder, { [name]: text }),
  });
  for (const run of (await stage.run("converge")).values()) assert.equal(run.outcome, "converged");

  await t.test("harms nobody: the others are deployed, and who depends on it waits", async () => {
    stage.commit({
      ...write("good", "two"),
      ...write("bad", "two"),
      ...write("next", "two"),
      "bad/Pulumi.yaml": BROKEN,
    });
    const runs = await stage.run("converge");
    assert.equal(runs.get("good/dev")?.outcome, "converged");
    const failure = runs.get("bad/dev")?.failure;
    assert.ok(failure?.reason === "config-invalid", JSON.stringify(failure));
    assert.equal(failure.problems[0]?.place?.file, "bad/Pulumi.yaml");
    assert.equal(runs.get("next/dev")?.failure?.reason, "dependency-not-ready");
    assert.deepEqual([box.read("good"), box.read("bad"), box.read("next")], ["two", "one", "one"]);
  });

  await t.test("is told as it is, with file and line", async () => {
    assert.deepEqual(await states(stage), {
      "bad/dev": "failed",
      "good/dev": "in-sync",
      "next/dev": "pending",
    });
    assert.match(await table(stage), /bad\/dev +failed[^\n]*\n +bad\/Pulumi\.yaml:2:1: not valid YAML/);
    const health = await createHealth(stage.holdfast())();
    assert.deepEqual([health.ok, health.checks["source"]], [true, "config-invalid"]);
    const metrics = createMetrics({ views: async () => viewsOf(await stage.controller().overview()) });
    assert.match(await metrics.text(), /holdfast_stack_state\{stack="bad\/dev",state="failed"\} 1/);
    const [exit, said] = await exitOfAll(stage);
    assert.equal(exit, 1);
    assert.match(said, /cannot be read.*the others go on\n +bad\/Pulumi\.yaml:2:1 {2}not valid YAML/);
    assert.equal((await stage.plan("bad/dev")).failure?.reason, "config-invalid");
    assert.equal((await stage.plan("good/dev")).outcome, "planned");
  });

  await t.test("is not taken for gone: nothing is pruned, and drift is still corrected", async () => {
    box.write("bad", "changed by hand");
    await stage.reopen({ automatic: true });
    await until("drift of what is deployed is corrected", () => box.read("bad") === "one");
    await until("and the run is on record", async () =>
      (await stage.controller().runs({ stack: "bad/dev" })).some(
        ({ mode, trigger, outcome }) => mode === "converge" && trigger === "drift" && outcome === "converged",
      ),
    );
    assert.equal((await states(stage))["bad/dev"], "failed");
    const destroyed = (await stage.controller().runs({})).filter(({ mode }) => mode === "destroy");
    assert.deepEqual(destroyed, []);
  });

  await t.test("moved and broken at once it is still not taken for gone", async () => {
    stage.commit({
      "bad/Pulumi.yaml": null,
      "bad/Pulumi.dev.yaml": null,
      "other/Pulumi.yaml": BROKEN,
      "other/Pulumi.dev.yaml": "",
    });
    await stage.controller().poll();
    assert.equal((await states(stage))["bad/dev"], "failed");
    assert.equal(box.read("bad"), "one");
  });

  await t.test("mended, it goes on, and so does who waited", async () => {
    stage.commit({
      "other/Pulumi.yaml": null,
      "other/Pulumi.dev.yaml": null,
      "bad/Pulumi.yaml": yamlOf("bad"),
      "bad/Pulumi.dev.yaml": "",
    });
    await stage.controller().poll();
    await until("both are deployed", () => box.read("bad") === "two" && box.read("next") === "two");
    await until("all are in sync", async () =>
      Object.values(await states(stage)).every(state => state === "in-sync"),
    );
    assert.deepEqual(await exitOfAll(stage), [0, ""]);
  });
});

test("mistakes of several kinds in the first commit", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings({ "late/*": "{ dependsOn: [nameless/dev] }", "unset/*": "{ timeout: soon }" }),
      ...project("good", fileProgram(box, { good: "one" })),
      ...project("nameless", fileProgram(box, { nameless: "one" })),
      "nameless/Pulumi.yaml": BROKEN,
      ...project("late", fileProgram(box, { late: "one" })),
      ...project("unset", fileProgram(box, { unset: "one" })),
      ...project("nowhere", fileProgram(box, { nowhere: "one" })),
      "nowhere/Pulumi.yaml": `${yamlOf("nowhere")}main: ../../x\n`,
      "brief/Pulumi.yaml": `${yamlOf("brief")}main: ../../x\n`,
      "brief/Pulumi.dev.yaml": "",
    }),
  });
  const { box } = stage;

  await t.test("each stops whom it concerns; what has no name yet is told beside the stacks", async () => {
    const runs = await stage.run("converge");
    assert.deepEqual(
      [...runs].map(([stack, { outcome, failure }]) => [stack, outcome, failure?.reason]).sort(),
      [
        ["brief/dev", "failed", "config-invalid"],
        ["good/dev", "converged", undefined],
        ["late/dev", "held", "dependency-not-ready"],
        ["nowhere/dev", "failed", "config-invalid"],
        ["unset/dev", "failed", "config-invalid"],
      ],
    );
    assert.equal(box.read("good"), "one");
    const [exit, said] = await exitOfAll(stage);
    assert.equal(exit, 1);
    assert.match(said, /nameless\/Pulumi\.yaml:2:1/);
    assert.match(said, /holdfast\.yaml:4:\d+ {2}stacks\["unset\/\*"\]\.timeout/);
    assert.match(said, /nowhere\/Pulumi\.yaml:3:\d+ {2}main/);
  });

  await t.test("mended, all go on", async () => {
    stage.commit({
      ...settings({ "late/*": "{ dependsOn: [nameless/dev] }" }),
      "brief/Pulumi.yaml": null,
      "brief/Pulumi.dev.yaml": null,
      "nameless/Pulumi.yaml": yamlOf("nameless"),
      "nowhere/Pulumi.yaml": yamlOf("nowhere"),
    });
    for (const [stack, run] of await stage.run("converge"))
      assert.equal(run.outcome, stack === "good/dev" ? run.outcome : "converged", stack);
    assert.deepEqual(
      ["late", "nameless", "nowhere", "unset"].map(name => box.read(name)),
      ["one", "one", "one", "one"],
    );
    // Nothing was ever made of it, so it is no orphan.
    await stage.controller().poll();
    assert.equal((await states(stage))["brief/dev"], undefined);
  });

  await t.test("a link that leads out stops the projects that it lies in, and nothing else", async () => {
    symlinkSync("/etc/passwd", path.join(stage.repository.folder, "unset", "passwords"));
    stage.commit({ "good/index.mjs": fileProgram(box.folder, { good: "two" }) });
    const runs = await stage.run("converge", ["good/dev", "unset/dev"]);
    assert.equal(runs.get("good/dev")?.outcome, "converged");
    const failure = runs.get("unset/dev")?.failure;
    assert.ok(failure?.reason === "config-invalid", JSON.stringify(failure));
    assert.equal(failure.problems[0]?.place?.file, "unset/passwords");
    assert.equal(box.read("good"), "two");
  });
});
