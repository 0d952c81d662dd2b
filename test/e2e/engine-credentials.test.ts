/** Providers whose own settings change in a commit: reality is read with the new ones, not with those in the state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { until } from "../support/daemon-stage.ts";
import { project, settings } from "../support/estate.ts";
import { tempFolder } from "../support/git.ts";
import { openStage } from "../support/holdfast.ts";
import { probeOnPath } from "../support/pulumi/probe-on-path.ts";

const PRELUDE = `import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
class Probe extends pulumi.ProviderResource { constructor(name, args) { super("probe", name, args); } }
class Thing extends pulumi.CustomResource {
  constructor(name, args, options) { super("probe:index:Thing", name, args, options); }
}
const thing = (name, content, options) => new Thing(name, { path: name, content }, options);
`;

/** Things of a vault that a token opens; `last` exports something that only an apply knows. */
const vault = (box: string, token: string, more = ""): string =>
  `${PRELUDE}const provider = new Probe("vault", { root: "${box}/vault", token: ${token} });
thing("kept", "one", { provider }); thing("edited", "one", { provider }); thing("gone", "one", { provider });
${more}`;

/** Things in a world that the stack's config names. */
const worlds = `${PRELUDE}thing("w", "one"); thing("x", "one");`;
const worldAt = (box: string, name: string): string => `config: { "probe:root": ${box}/${name} }\n`;
const added = `export const later = thing("added", "one", { provider }).id;`;

const converged = (run: RunRecord): void => {
  assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
};

test("provider settings that change in a commit", async t => {
  const stage = await openStage(t, {
    // One of its programs reads a file of the machine.
    isolation: { wish: "off" },
    env: { PATH: probeOnPath(tempFolder(t)) },
    files: box => ({
      ...settings({ "vault/*": "{ drift: { every: 1s } }" }),
      ...project("vault", vault(box, `pulumi.secret("first")`)),
      ...project("worlds", worlds, worldAt(box, "old")),
    }),
  });
  const { box } = stage;
  const vaultAt = (name: string) => box.read(`vault/${name}`);
  box.write("vault/TOKEN", "first");
  box.write("old/here", "");
  box.write("new/here", "");
  for (const run of (await stage.run("converge")).values()) converged(run);

  await t.test("drift is read and corrected with the credential that the state holds", async () => {
    box.write("vault/edited", "by hand");
    const run = await stage.sync("vault/dev");
    converged(run);
    assert.deepEqual([vaultAt("edited"), run.plan?.refreshRunsProgram], ["one", undefined]);
  });

  await t.test("a credential that is dead is told where the program has no other", async () => {
    box.write("vault/TOKEN", "second");
    const run = await stage.sync("vault/dev");
    assert.equal(run.failure?.reason, "check-failed", JSON.stringify(run));
    assert.match(JSON.stringify(run.failure), /401: this token may not see/);
  });

  await t.test("a program that cannot run is told beside what could not be read", async () => {
    stage.commit({ "vault/index.mjs": `${vault(box.folder, `"second"`)}throw new Error("no such luck");` });
    const run = await stage.sync("vault/dev");
    assert.equal(run.failure?.reason, "check-failed", JSON.stringify(run));
    assert.match(JSON.stringify(run.failure), /401.*no such luck/);
  });

  await t.test(
    "with the new one in a commit, drift is read and corrected, also behind a dead one",
    async () => {
      box.write("vault/edited", "by hand");
      box.remove("vault/gone");
      stage.commit({ "vault/index.mjs": vault(box.folder, `pulumi.secret("second")`, added) });
      const run = await stage.sync("vault/dev");
      converged(run);
      assert.deepEqual(
        run.plan?.drift.map(({ op, name }) => `${op} ${name}`),
        ["update edited", "delete gone"],
      );
      assert.deepEqual(["kept", "edited", "gone", "added"].map(vaultAt), ["one", "one", "one", "one"]);
    },
  );

  await t.test("what vanishes between such a plan and its apply is refused, and judged anew", async () => {
    box.write("vault/TOKEN", "third");
    box.write("vault/edited", "by hand");
    stage.commit({ "vault/index.mjs": vault(box.folder, `pulumi.secret("third")`, added) });
    stage.beforeApply("vault/dev", () => box.remove("vault/edited"));
    const before = stage.events.length;
    converged(await stage.sync("vault/dev"));
    const plans = stage.events.slice(before).flatMap(event => (event.type === "planned" ? [event.plan] : []));
    assert.deepEqual(
      plans.map(({ drift }) => drift.map(({ op, name }) => `${op} ${name}`)),
      [["update edited"], ["delete edited"]],
    );
    assert.equal(vaultAt("edited"), "one");
  });

  await t.test("a credential that the program makes anew each time is taken by a check, too", async () => {
    const token = `fs.readFileSync("${box.folder}/vault/TOKEN", "utf8")`;
    stage.commit({ "vault/index.mjs": vault(box.folder, token, added) });
    converged(await stage.sync("vault/dev"));
    box.write("vault/TOKEN", "fourth");
    converged(await stage.sync("vault/dev"));
    assert.equal((await stage.check("vault/dev")).outcome, "unchanged");
  });

  await t.test("what only the old world shows is no drift, what the new one shows is put right", async () => {
    box.write("old/w", "drifted in the old world");
    box.write("new/w", "one");
    box.write("new/x", "drifted in the new world");
    stage.commit({ "worlds/Pulumi.dev.yaml": worldAt(box.folder, "new") });
    const run = await stage.sync("worlds/dev");
    converged(run);
    assert.deepEqual(
      run.plan?.drift.map(({ name }) => name),
      ["x"],
    );
    assert.deepEqual(
      ["old/w", "new/w", "new/x"].map(name => box.read(name)),
      ["drifted in the old world", "one", "one"],
    );
    assert.equal((await stage.sync("worlds/dev")).outcome, "unchanged");
  });

  await t.test("a scheduled check that finds the credential dead asks the program at once", async () => {
    await stage.sync("vault/dev");
    box.write("vault/TOKEN", "fifth");
    await stage.reopen({ automatic: true });
    const run = await until("vault/dev is checked", () =>
      stage.events
        .flatMap(event => (event.type === "run-ended" ? [event.run] : []))
        .find(({ stack, trigger }) => stack === "vault/dev" && trigger === "drift"),
    );
    converged(run);
  });
});
