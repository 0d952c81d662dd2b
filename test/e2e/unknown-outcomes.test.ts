/** Creates of unknown end, with the real command: what a person says is verified with the provider, or forgotten. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { makeStage, until, type Ended, type Json, type Stage } from "../support/daemon-stage.ts";
import { probeOnPath } from "../support/pulumi/probe-on-path.ts";
import type { Files } from "../support/git.ts";

/** A provider's own things: files by their absolute paths, which are their ids. */
const estate = (sandbox: string, names: readonly string[]): Files => ({
  "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow, interval: 1h, drift: { every: 1h } }\n',
  "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
  "app/Pulumi.prod.yaml": "{}\n",
  "app/index.ts": `import { CustomResource, type CustomResourceOptions } from "@pulumi/pulumi";
class Thing extends CustomResource {
  constructor(name: string, args: object, options?: CustomResourceOptions) {
    super("probe:index:Thing", name, args, options);
  }
}
for (const name of ${JSON.stringify(names)})
  new Thing(name, { path: ${JSON.stringify(sandbox)} + "/" + name, content: name });
`,
});

const urnOf = (name: string): string => `urn:pulumi:prod::app::probe:index:Thing::${name}`;

/** The stack's state as after an update that died while it created these. */
async function withUnknown(stage: Stage, run: Run, names: readonly string[]): Promise<void> {
  const state = JSON.parse((await run("export-state", "app/prod")).stdout) as {
    deployment: { resources: { urn: string }[]; pending_operations?: object[] };
  };
  const like =
    state.deployment.resources.find(({ urn }) => urn === urnOf("made")) ?? assert.fail("no resource");
  state.deployment.pending_operations = names.map(name => {
    const inputs = { path: path.join(stage.sandbox, name), content: name };
    const { id: _id, outputs: _outputs, ...resource } = like as Record<string, unknown>;
    return { type: "creating", resource: { ...resource, urn: urnOf(name), inputs } };
  });
  const file = path.join(stage.base, "state.json");
  writeFileSync(file, JSON.stringify(state));
  const taken = await run("import-state", "app/prod", file, "--force");
  assert.match(taken.stdout + taken.stderr, /app\/prod/);
}

type Run = (...args: readonly string[]) => Promise<Ended>;

test("an id that the provider does not find is not adopted; the right one is; what was not made is forgotten", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, ["made"]) });
  mkdirSync(stage.sandbox);
  const plugin = path.join(stage.base, "plugin");
  mkdirSync(plugin);
  const env = { PATH: probeOnPath(plugin) };
  const run: Run = (...args) => stage.run(args, { env });
  const daemon = await stage.serve([], { env });
  await until("the first deploy has ended", () => /app\/prod converged/.test(daemon.stderr()));
  await withUnknown(stage, run, ["slow", "never"]);
  await run("resume", "app/prod");
  stage.repository.commit("all", estate(stage.sandbox, ["made", "slow", "never"]));
  const pending = async (): Promise<readonly string[]> => {
    const document = JSON.parse((await run("unlock", "app/prod", "--json")).stdout) as Json;
    return [...(document["pending"] ?? [])].map(({ urn }) => String(urn)).sort();
  };
  assert.deepEqual(await pending(), [urnOf("never"), urnOf("slow")]);

  await t.test("nothing is applied before a person has said it", async () => {
    const held = await run("sync");
    assert.equal(held.code, 1);
    assert.match(held.stdout, /Nobody knows whether 2 resources were created/);
  });

  await t.test("a wrong id is told, and adopts nothing", async () => {
    const { code, stderr } = await run("unlock", "app/prod", "--yes", "--adopt", `${urnOf("slow")}=/nowhere`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Not adopted: its provider finds nothing with the id \/nowhere/);
    assert.deepEqual(await pending(), [urnOf("never"), urnOf("slow")]);
    assert.doesNotMatch((await run("export-state", "app/prod")).stdout, /nowhere/);
  });

  const made = path.join(stage.sandbox, "slow");
  writeFileSync(made, "slow");

  await t.test("an id that cannot be read is told in the provider's words", async () => {
    writeFileSync(`${made}.unreadable`, "");
    const { code, stderr } = await run("unlock", "app/prod", "--yes", "--adopt", `${urnOf("slow")}=${made}`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Not adopted: its provider cannot read the id \S+: [^]*host does not answer/);
    assert.deepEqual(await pending(), [urnOf("never"), urnOf("slow")]);
  });

  await t.test("the right id is adopted, and what was not made is forgotten and created", async () => {
    rmSync(`${made}.unreadable`);
    const before = statSync(made).mtimeMs;
    const adopted = await run("unlock", "app/prod", "--yes", "--adopt", `${urnOf("slow")}=${made}`);
    assert.equal(adopted.code, 0, adopted.stderr);
    assert.doesNotMatch(adopted.stdout, /could not be read yet/);
    assert.deepEqual(await pending(), [urnOf("never")]);
    const forgotten = await run("unlock", "app/prod", "--yes", "--forget", urnOf("never"));
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.deepEqual(await pending(), []);
    await until("what was not made is created", () => stage.files().includes("never"));
    assert.match((await run("sync")).stdout, /nothing to do/);
    assert.equal(statSync(made).mtimeMs, before, "what was made was not made again");
  });
});
