/** Drift: found, corrected or only told, and remembered from its first sight to its end. */
import assert from "node:assert/strict";
import { chmodSync, renameSync, statSync, symlinkSync, unlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { DriftRecord } from "../../src/engine/ports/records.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

const rules = settings({
  "tell/*": "{ drift: { action: notify } }",
  "allow/*": `{ ignoreDrift: [
      { name: l/theirs, path: content, owner: ada, why: she tries something },
      { name: l/late, owner: ada, why: she tried something, until: 2020-01-01 }] }`,
});
const withMode = `new File("c/mode", { connection, path: "/c/mode", content: "one", mode: "0644" });`;

test("drift is found and dealt with as the settings say", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...rules,
      ...project("fix", fileProgram(box, { "c/edited": "one", "c/gone": "one", "c/same": "one" }, withMode)),
      ...project("tell", fileProgram(box, { "t/edited": "one", "t/other": "one" })),
      ...project("allow", fileProgram(box, { "l/theirs": "one", "l/late": "one" })),
    }),
  });
  const { box } = stage;
  const at = (name: string): string => path.join(box.folder, name);
  const mode = (): number => statSync(at("c/mode")).mode & 0o777;
  const open = async (stack: string): Promise<readonly DriftRecord[]> =>
    stage.controller().drift({ stack, open: true });
  for (const run of (await stage.run("converge")).values())
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
  let since: number | undefined;

  await t.test("a check without the program finds what was edited, and touches nothing", async () => {
    box.write("c/edited", "by hand");
    const run = await stage.check("fix/dev");
    assert.equal(run.outcome, "drifted", JSON.stringify(run.failure));
    assert.equal(box.read("c/edited"), "by hand");
    const [record, ...others] = await open("fix/dev");
    assert.deepEqual(others, []);
    assert.deepEqual([record?.kind, record?.result, record?.paths], ["changed", "reported", ["content"]]);
    since = record?.since;
    const status = await stage.status("fix/dev");
    assert.deepEqual([status.drifted, status.lightChecks], [true, 1]);
  });

  await t.test("what was edited, deleted and given another mode is put right", async () => {
    box.remove("c/gone");
    chmodSync(at("c/mode"), 0o600);
    const run = await stage.sync("fix/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      run.plan?.drift.map(({ name, op }) => `${op} ${name}`),
      ["update c/edited", "delete c/gone", "update c/mode"],
    );
    assert.deepEqual([box.read("c/edited"), box.read("c/gone"), mode()], ["one", "one", 0o644]);
  });

  await t.test("its records end as corrected, and keep when it was first seen", async () => {
    assert.deepEqual(await open("fix/dev"), []);
    const ended = await stage.controller().drift({ stack: "fix/dev" });
    assert.deepEqual(new Set(ended.map(({ result }) => result)), new Set(["corrected"]));
    assert.equal(ended.find(({ urn }) => urn.endsWith("c/edited"))?.since, since);
    assert.equal((await stage.status("fix/dev")).drifted, false);
  });

  await t.test("a check that cannot read a target leaves its state unknown, not in sync", async () => {
    renameSync(at("c"), at("away"));
    symlinkSync("/", at("c"));
    const before = await stage.status("fix/dev");
    const run = await stage.check("fix/dev");
    assert.equal(run.outcome, "failed", run.outcome);
    assert.equal(run.failure?.reason, "check-failed", JSON.stringify(run.failure));
    const status = await stage.status("fix/dev");
    assert.equal(status.checkedAt, before.checkedAt);
    assert.equal(status.failure?.reason, "check-failed");
  });

  await t.test("and the next check that succeeds says so", async () => {
    unlinkSync(at("c"));
    renameSync(at("away"), at("c"));
    assert.equal((await stage.check("fix/dev")).outcome, "unchanged");
    assert.equal((await stage.status("fix/dev")).failure, undefined);
  });

  await t.test("with `notify` it is told and left alone", async () => {
    box.write("t/edited", "by hand");
    const run = await stage.sync("tell/dev");
    assert.equal(run.outcome, "drifted", JSON.stringify(run.failure));
    assert.equal(box.read("t/edited"), "by hand");
    assert.equal((await open("tell/dev"))[0]?.result, "reported");
  });

  await t.test("a commit that changes something else does not undo what was only told", async () => {
    stage.commit({ "tell/index.mjs": fileProgram(box.folder, { "t/edited": "one", "t/other": "two" }) });
    const run = await stage.sync("tell/dev");
    assert.equal(run.outcome, "drifted", JSON.stringify(run.failure));
    assert.deepEqual([box.read("t/edited"), box.read("t/other")], ["by hand", "two"]);
    assert.deepEqual(
      run.plan?.changes.map(({ name }) => name),
      ["t/other"],
    );
    const status = await stage.status("tell/dev");
    assert.deepEqual([status.drifted, status.deployed?.sha], [true, stage.repository.head()]);
  });

  await t.test(
    "what a rule lets somebody else change is left alone, until the rule has expired",
    async () => {
      box.write("l/theirs", "hers");
      box.write("l/late", "hers");
      const run = await stage.sync("allow/dev");
      assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
      assert.deepEqual([box.read("l/theirs"), box.read("l/late")], ["hers", "one"]);
      const [record] = await open("allow/dev");
      assert.deepEqual([record?.result, record?.ignoredBy], ["ignored", "ada: she tries something"]);
      assert.equal((await stage.status("allow/dev")).drifted, false);
    },
  );
});

test("a new commit reads each resource again only where something differs", async t => {
  const files = { "k/a": "one", "k/b": "one" };
  const stage = await openStage(t, {
    files: box => ({ ...settings(), ...project("known", fileProgram(box, files)) }),
  });
  const { box } = stage;
  const refreshed = async (content: string): Promise<number> => {
    stage.commit({ "known/index.mjs": fileProgram(box.folder, { ...files, "k/a": content }) });
    const from = stage.events.length;
    const run = await stage.sync("known/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    return stage.events.slice(from).filter(event => event.type === "resource" && event.op === "refresh")
      .length;
  };
  assert.equal((await stage.sync("known/dev")).outcome, "converged");
  assert.equal(await refreshed("two"), 0);
  box.write("k/b", "by hand");
  assert.ok((await refreshed("three")) > 0);
  assert.deepEqual([box.read("k/a"), box.read("k/b")], ["three", "one"]);
});
