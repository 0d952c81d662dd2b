/** The apply's CLI is started while the plan is still made; until the plan is bound it must change nothing. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { signalProcess } from "../../src/process/signal.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

/** The pids of every `pulumi up` of a stack, of whatever age. */
function ups(stack: string): readonly number[] {
  const isUp = (pid: string): boolean => {
    try {
      const [, verb, ...options] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return verb === "up" && options.includes(`--stack=organization/${stack}`);
    } catch {
      return false; // it has ended since
    }
  };
  return readdirSync("/proc")
    .filter(name => /^\d+$/.test(name) && isUp(name))
    .map(Number);
}

/** Whether it makes a preview of its own. */
const plans = (pid: number): boolean =>
  !readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes("--skip-preview");

/** A file whose content is known when another is there. */
const FOLLOWING = `const first = file("b/0", "one"); file("b/2", first.id);`;

test("an up that was started ahead of its plan", async t => {
  const one = { "a/0": "one", "a/1": "one", "a/2": "one" };
  const stage = await openStage(t, {
    files: box => ({
      ...settings({
        "ahead/*": "{ limits: { deletes: 1 } }",
        "shared/*": '{ ignoreDrift: [{ name: "b/1", owner: Anna, why: it is hers }] }',
      }),
      ...project("ahead", fileProgram(box, one)),
      ...project("shared", fileProgram(box, { "b/1": "one" }, FOLLOWING)),
    }),
  });
  const { box } = stage;
  const commit = (files: Readonly<Record<string, string>>): string =>
    stage.commit({ "ahead/index.mjs": fileProgram(box.folder, files) });
  let seen: readonly number[] = [];
  let planned: boolean | undefined;
  const look = (): void => {
    seen = ups("ahead/dev");
    planned = seen[0] === undefined ? undefined : plans(seen[0]);
  };

  await t.test("makes the plan where there is nothing to read yet, and does what that holds", async () => {
    stage.beforeApply("ahead/dev", look);
    assert.equal((await stage.sync("ahead/dev")).outcome, "converged");
    assert.deepEqual([seen.length, planned], [1, true]);
    assert.deepEqual(ups("ahead/dev"), []);
    assert.equal(box.read("a/0"), "one");
  });

  await t.test("is gone where a gate holds the plan, and has changed nothing", async () => {
    commit({ "a/0": "two" });
    stage.beforeApply("ahead/dev", look);
    assert.equal((await stage.sync("ahead/dev")).failure?.reason, "limit-exceeded");
    assert.deepEqual([seen.length, planned], [1, true], "the stack is settled, and all is as the state says");
    assert.deepEqual(ups("ahead/dev"), []);
    assert.deepEqual([box.read("a/0"), box.read("a/1")], ["one", "one"]);
    assert.deepEqual(await stage.resources("ahead/dev"), ["a/0", "a/1", "a/2"]);
  });

  await t.test("waits for the refresh that takes drift into the state", async () => {
    commit({ ...one, "a/0": "three" });
    box.write("a/1", "by hand");
    stage.beforeApply("ahead/dev", look);
    const run = await stage.sync("ahead/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual([seen.length, planned], [1, false]);
    assert.deepEqual([box.read("a/0"), box.read("a/1")], ["three", "one"]);
  });

  await t.test("takes drift into the state itself where nothing else is to be done", async () => {
    box.write("a/1", "by hand");
    box.remove("a/2");
    stage.beforeApply("ahead/dev", look);
    const run = await stage.sync("ahead/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual([seen.length, planned], [1, true]);
    assert.equal(run.timings?.["refresh"], undefined);
    assert.deepEqual([box.read("a/1"), box.read("a/2")], ["one", "one"]);
  });

  await t.test("takes nothing into the state that others may change while the plan is made", async () => {
    assert.equal((await stage.sync("shared/dev")).outcome, "converged");
    box.write("b/0", "by hand");
    stage.beforeApply("shared/dev", () => box.write("b/1", "by Anna"));
    const run = await stage.sync("shared/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual([box.read("b/0"), box.read("b/1")], ["one", "by Anna"]);
    assert.equal(run.timings?.["refresh"], undefined, "one up did both");
    await stage.sync("shared/dev");
    assert.equal(box.read("b/1"), "by Anna");
  });

  await t.test("a repair brings back what is gone, and leaves alone what only follows from it", async () => {
    const following = path.join(box.folder, "b/2");
    const [before, inode] = [box.read("b/2"), statSync(following).ino];
    assert.ok(before);
    box.remove("b/0");
    const run = await stage.sync("shared/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual([box.read("b/0"), box.read("b/1")], ["one", "by Anna"]);
    assert.deepEqual([box.read("b/2"), statSync(following).ino], [before, inode]);
    assert.equal((await stage.check("shared/dev")).outcome, "unchanged");
    assert.deepEqual(await stage.resources("shared/dev"), ["b/0", "b/1", "b/2"]);
  });

  await t.test("is not missed where it was killed", async () => {
    commit({ ...one, "a/0": "four" });
    stage.beforeApply("ahead/dev", () => {
      for (const pid of ups("ahead/dev")) signalProcess(pid, "SIGKILL");
    });
    const first = await stage.sync("ahead/dev");
    const run = first.outcome === "failed" ? await stage.sync("ahead/dev") : first;
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(box.read("a/0"), "four");
  });

  await t.test("is begun anew where a new commit finds that the state is not what is there", async () => {
    commit({ ...one, "a/0": "six" });
    box.write("a/1", "by hand");
    stage.beforeApply("ahead/dev", look);
    const run = await stage.sync("ahead/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.ok(run.timings?.["probe"], "what is there was asked for while it came up");
    assert.deepEqual([seen.length, planned], [1, false]);
    assert.deepEqual([box.read("a/0"), box.read("a/1")], ["six", "one"]);
    assert.deepEqual(ups("ahead/dev"), []);
  });

  await t.test("is not started for a plan that nobody applies", async () => {
    commit({ ...one, "a/0": "five" });
    stage.beforeApply("ahead/dev", look);
    assert.equal((await stage.plan("ahead/dev")).outcome, "planned");
    assert.deepEqual(seen, []);
  });
});
