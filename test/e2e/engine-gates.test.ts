/** Gates hold what a person should see first; what they hold leaves the target as it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { fileProgram, project, settings, type EstateFiles } from "../support/estate.ts";
import { must, openStage, type Stage } from "../support/holdfast.ts";

const numbered = (prefix: string, count: number, content = "one"): EstateFiles =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}/${index}`, content]));

const held = (run: RunRecord, reason: string): void => {
  assert.equal(run.outcome, "held", JSON.stringify(run.failure));
  assert.equal(run.failure?.reason, reason, JSON.stringify(run.failure));
};
const converged = (run: RunRecord): void => {
  assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
};
const there = (stage: Stage, names: EstateFiles): readonly string[] =>
  Object.keys(names).filter(name => stage.box.read(name) !== undefined);

/** A window of an hour, half a day away from now. */
function farWindow(): string {
  const hour = (new Date().getUTCHours() + 12) % 24;
  const text = String(hour).padStart(2, "0");
  return `${text}:00-${text}:30`;
}

const rules = (closed: boolean): EstateFiles =>
  settings({
    "limited/*": "{ limits: { deletes: 1 } }",
    "guarded/*": '{ protect: ["holdfast:host:*"] }',
    "asked/*": "{ approval: required }",
    "timed/*": closed ? `{ windows: [{ allow: "${farWindow()}" }] }` : "{ windows: [] }",
  });

const keep = 'file("p/safe", "one", { protect: true });';

test("a gate holds a plan, and the target stays as it was", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...rules(false),
      ...project("free", fileProgram(box, numbered("f", 7))),
      ...project("limited", fileProgram(box, numbered("d", 3))),
      ...project("guarded", fileProgram(box, { "g/a": "one" })),
      ...project("safe", fileProgram(box, { "p/other": "one" }, keep)),
      ...project("asked", fileProgram(box, { "a/a": "one" })),
      ...project("timed", fileProgram(box, { "t/a": "one" })),
    }),
  });
  const { box } = stage;
  const program = (name: string, files: EstateFiles, more = ""): EstateFiles => ({
    [`${name}/index.mjs`]: fileProgram(box.folder, files, more),
  });
  let first: ReadonlyMap<string, RunRecord>;

  await t.test("where an approval is required, nothing is applied without one", async () => {
    first = await stage.run("converge");
    const asked = first.get("asked/dev");
    assert.ok(asked);
    held(asked, "approval-needed");
    assert.equal(box.read("a/a"), undefined);
    for (const [stack, run] of first) if (stack !== "asked/dev") converged(run);
    assert.deepEqual(await stage.resources("asked/dev"), []);
  });

  await t.test("an approval applies the plan that was seen", async () => {
    const run = must(await stage.controller().approve(first.get("asked/dev")?.id ?? "", "ada"));
    assert.deepEqual(run.plan, first.get("asked/dev")?.plan);
    converged(run);
    assert.equal(box.read("a/a"), "one");
  });

  // One commit for all that follows: each stack would lose, or change, what its gate guards.
  stage.commit({
    ...rules(true),
    ...program("free", { "f/0": "one" }),
    ...program("limited", { "d/0": "one" }),
    ...program("guarded", {}, 'export const nothing = "left";'),
    ...program("safe", { "p/other": "two" }),
    ...program("asked", { "a/a": "two" }),
    ...program("timed", { "t/a": "two" }),
  });
  const second = await stage.run("converge");
  const of = (stack: string): RunRecord => second.get(stack) ?? assert.fail(stack);

  await t.test("more than 5 deletions, or 30 %, are held by the default limit", async () => {
    held(of("free/dev"), "limit-exceeded");
    assert.equal(there(stage, numbered("f", 7)).length, 7);
    assert.equal((await stage.resources("free/dev")).length, 7);
  });

  await t.test("a limit that holdfast.yaml sets counts instead", () => {
    held(of("limited/dev"), "limit-exceeded");
    assert.match(JSON.stringify(of("limited/dev").failure), /2 deletions, 1 allowed/);
    assert.equal(there(stage, numbered("d", 3)).length, 3);
  });

  await t.test("types under `protect` are not deleted", () => {
    held(of("guarded/dev"), "protected");
    assert.equal(box.read("g/a"), "one");
  });

  await t.test("nor is a resource with the option `protect`: the engine itself refuses", () => {
    const { outcome, failure } = of("safe/dev");
    assert.equal(outcome, "failed");
    assert.equal(failure?.reason, "plan-refused", JSON.stringify(failure));
    assert.deepEqual([box.read("p/safe"), box.read("p/other")], ["one", "one"]);
  });

  await t.test(
    "outside of its window nothing is applied, and it is said when the next one opens",
    async () => {
      held(of("timed/dev"), "outside-window");
      assert.equal(box.read("t/a"), "one");
      const { retryAt } = await stage.status("timed/dev");
      assert.ok(retryAt !== undefined && retryAt > Date.now());
    },
  );

  await t.test("a held stack shows the digest that waits, also after a check", async () => {
    await stage.check("limited/dev");
    const status = await stage.status("limited/dev");
    assert.equal(status.heldDigest, of("limited/dev").plan?.digest);
    assert.equal(status.failure?.reason, "limit-exceeded");
    assert.equal(status.lastRun, of("limited/dev").id);
  });

  await t.test("an approval lets just that plan through a limit", async () => {
    converged(must(await stage.controller().approve(of("limited/dev").id, "ada")));
    assert.equal(there(stage, numbered("d", 3)).length, 1);
  });

  await t.test("a plan that changed since needs an approval of its own", async () => {
    stage.commit(program("asked", { "a/a": "three" }));
    must(await stage.controller().poll());
    const run = must(await stage.controller().approve(of("asked/dev").id, "ada"));
    held(run, "approval-needed");
    assert.equal(box.read("a/a"), "one");
  });

  await t.test("when most of a stack has vanished, it is not made again without a word", async () => {
    box.remove("f");
    const run = await stage.sync("free/dev");
    held(run, "everything-vanished");
    assert.equal((await stage.resources("free/dev")).length, 7);
    assert.equal(box.read("f/0"), undefined);
  });

  await t.test("every run has ended", async () => {
    assert.deepEqual(await stage.holdfast().records.unfinishedRuns(), []);
  });
});

test("a stack is applied for the first time only with somebody's leave", async t => {
  const stage = await openStage(t, {
    files: box => ({
      "holdfast.yaml": 'stacks:\n  "named/*": {}\n',
      ...project("named", fileProgram(box, { "n/a": "one" })),
      ...project("unnamed", fileProgram(box, { "u/a": "one" })),
    }),
  });

  await t.test(
    "what holdfast.yaml names waits for a first leave, what it does not name is only planned",
    async () => {
      const runs = await stage.run("converge");
      held(runs.get("named/dev") ?? assert.fail(), "first-apply");
      held(runs.get("unnamed/dev") ?? assert.fail(), "not-managed");
      assert.deepEqual([stage.box.read("n/a"), stage.box.read("u/a")], [undefined, undefined]);
      assert.ok(runs.get("unnamed/dev")?.plan?.changes.length);
    },
  );

  await t.test("with a person's word both are applied", async () => {
    converged(await stage.sync("named/dev", { first: true }));
    converged(await stage.sync("unnamed/dev", { first: true }));
    assert.deepEqual([stage.box.read("n/a"), stage.box.read("u/a")], ["one", "one"]);
  });

  await t.test("and stay taken over", async () => {
    stage.commit({ "unnamed/index.mjs": fileProgram(stage.box.folder, { "u/a": "two" }) });
    converged(await stage.sync("unnamed/dev"));
    assert.equal(stage.box.read("u/a"), "two");
    const { stacks } = await stage.controller().overview();
    assert.deepEqual(
      stacks.map(({ managed }) => managed),
      [true, true],
    );
  });
});
