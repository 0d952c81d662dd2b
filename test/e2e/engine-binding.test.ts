/** An apply does only what was planned: each test changes reality, the program or the state between plan and apply. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { must, openStage } from "../support/holdfast.ts";

/** Counts how often the program has run: each plan and each apply sees another number. */
const counter = (box: string, name: string): string => {
  const file = JSON.stringify(path.join(box, `${name}.count`));
  return `const count = Number(fs.existsSync(${file}) ? fs.readFileSync(${file}, "utf8") : 0) + 1;
fs.writeFileSync(${file}, String(count));\n`;
};
const planned = ["m0", "m1"];

const programs = (box: string): Record<string, string> => ({
  edited: fileProgram(box, { "e/a": "one", "e/b": "one" }),
  gone: fileProgram(box, { "g/a": "one", "g/b": "one", "g/c": "one" }),
  moved: fileProgram(box, { "v/a": "one" }),
  unplanned: fileProgram(
    box,
    { m0: "x", m1: "x" },
    `${counter(box, "m")}file("n-" + count, "never planned");`,
  ),
  inputs: fileProgram(box, { "i/fixed": "x" }, `${counter(box, "i")}file("i/clock", "at " + count);`),
  outputs: fileProgram(box, { "o/fixed": "x" }, `${counter(box, "o")}export const seen = count;`),
  layers: program(
    box,
    `const one = file("l/one", "1");
one.id.apply(() => { const two = file("l/two", "2"); two.id.apply(() => file("l/three", "3")); });`,
  ),
});

const outdated = (run: RunRecord): void => {
  assert.equal(run.outcome, "failed", run.outcome);
  assert.equal(run.failure?.reason, "plan-outdated", JSON.stringify(run.failure));
};
const converged = (run: RunRecord): void => {
  assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
};

test("an apply does only what was planned", async t => {
  const projects = (box: string) =>
    Object.entries(programs(box)).flatMap(([name, text]) => Object.entries(project(name, text)));
  const stage = await openStage(t, {
    // Its programs count in a file of the machine.
    isolation: { wish: "off" },
    files: box => ({ ...settings(), ...Object.fromEntries(projects(box)) }),
  });
  const { box } = stage;
  const read = (...names: readonly string[]) => names.map(name => box.read(name));
  const first = await stage.run("converge", ["edited/dev", "gone/dev", "moved/dev"]);
  first.forEach(converged);

  await t.test("a file edited after the plan is not touched by an apply that did not plan it", async () => {
    stage.commit({ "edited/index.mjs": fileProgram(box.folder, { "e/a": "two", "e/b": "one" }) });
    stage.beforeApply("edited/dev", () => box.write("e/b", "edited late"));
    converged(await stage.sync("edited/dev"));
    assert.deepEqual(read("e/a", "e/b"), ["two", "edited late"]);
  });

  await t.test("and the next look finds and corrects it", async () => {
    converged(await stage.sync("edited/dev"));
    assert.equal(box.read("e/b"), "one");
  });

  await t.test("a target that vanishes after the plan stays in the state, and is judged anew", async () => {
    box.write("g/a", "edited");
    stage.beforeApply("gone/dev", () => box.remove("g"));
    const run = await stage.sync("gone/dev");
    assert.equal(run.failure?.reason, "everything-vanished", JSON.stringify(run.failure));
    assert.deepEqual(await stage.resources("gone/dev"), ["g/a", "g/b", "g/c"]);
    assert.equal(box.read("g/a"), undefined);
  });

  await t.test("a create that the plan does not hold is refused, what else was done is kept", async () => {
    outdated(await stage.sync("unplanned/dev"));
    assert.deepEqual(
      readdirSync(box.folder).filter(name => name.startsWith("n-")),
      [],
    );
    const made = planned.filter(name => existsSync(path.join(box.folder, name)));
    assert.deepEqual(await stage.resources("unplanned/dev"), made);
  });

  await t.test("a program that is the same each time converges from there", async () => {
    stage.commit({ "unplanned/index.mjs": fileProgram(box.folder, { m0: "x" }) });
    converged(await stage.sync("unplanned/dev"));
    assert.deepEqual(await stage.resources("unplanned/dev"), ["m0"]);
    assert.deepEqual(read("m0", "m1"), ["x", undefined]);
  });

  await t.test("a planned create with other inputs than planned is refused", async () => {
    const run = await stage.sync("inputs/dev");
    outdated(run);
    assert.match(JSON.stringify(run.failure), /other inputs/);
    assert.equal(box.read("i/clock"), undefined);
  });

  await t.test("outputs that differ from one run to the next are never refused", async () => {
    converged(await stage.sync("outputs/dev"));
    assert.equal(box.read("o/fixed"), "x");
  });

  await t.test("resources made within an apply are planned anew at once, layer by layer", async () => {
    converged(await stage.sync("layers/dev"));
    assert.deepEqual(read("l/one", "l/two", "l/three"), ["1", "2", "3"]);
    const plans = stage.events.filter(event => event.type === "planned" && event.stack === "layers/dev");
    assert.equal(plans.length, 3);
  });

  await t.test("an apply is refused when somebody else moved the state after the plan", async () => {
    const cli = await stage.personsCli();
    const file = path.join(stage.data, "moved.json");
    const before = JSON.stringify(must(await stage.controller().exportState("moved/dev")));
    writeFileSync(file, before.replaceAll('"content":"one"', '"content":"else"'));
    stage.commit({ "moved/index.mjs": fileProgram(box.folder, { "v/a": "two" }) });
    stage.beforeApply("moved/dev", () =>
      cli("stack", "import", "--stack", "organization/moved/dev", "--file", file),
    );
    outdated(await stage.sync("moved/dev"));
    assert.equal(box.read("v/a"), "one");
  });

  await t.test("and goes on from the moved state", async () => {
    converged(await stage.sync("moved/dev"));
    assert.equal(box.read("v/a"), "two");
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
  });
});
