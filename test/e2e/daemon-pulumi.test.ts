/** `holdfast pulumi -- …`: the plain CLI on holdfast's state, with and without a daemon. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { makeStage, until, type Json, type Stage } from "../support/daemon-stage.ts";
import { probeOnPath } from "../support/pulumi/probe-on-path.ts";

const program = (sandbox: string, content: string): string => `import { File, Host } from "holdfast/host";
const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
new File("motd", { host, path: "/motd", content: ${JSON.stringify(content)} });
export const greeting = ${JSON.stringify(content)};
`;

const motd = (stage: Stage): string => readFileSync(path.join(stage.sandbox, "motd"), "utf8");

/** In a person's own clone, in the project's folder. */
async function pulumi(stage: Stage, ...args: string[]): Promise<string> {
  const cwd = path.join(stage.repository.folder, "app");
  const { code, stdout, stderr } = await stage.run(["pulumi", "--", ...args], { cwd });
  assert.equal(code, 0, `pulumi ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

const edit = (stage: Stage, content: string): void =>
  writeFileSync(path.join(stage.repository.folder, "app/index.ts"), program(stage.sandbox, content));

async function tryEverything(stage: Stage, content: string): Promise<void> {
  assert.match(await pulumi(stage, "stack", "ls"), /prod/);
  const stack = ["--stack", "prod"];
  edit(stage, content);
  const preview = await pulumi(stage, "preview", ...stack, "--diff");
  assert.match(preview, /1 to update/);
  await pulumi(stage, "up", ...stack, "--yes", "--skip-preview");
  assert.equal(motd(stage), content);
  writeFileSync(path.join(stage.sandbox, "motd"), "by hand\n");
  assert.match(await pulumi(stage, "refresh", ...stack, "--yes", "--skip-preview"), /1 updated/);
  const exported = JSON.parse(await pulumi(stage, "stack", "export", ...stack)) as Json;
  const file = [...(exported["deployment"]?.["resources"] ?? [])].find(
    ({ type }) => type === "holdfast:host:File",
  );
  assert.equal(file?.["inputs"]?.["content"], "by hand\n");
  const history = JSON.parse(await pulumi(stage, "stack", "history", ...stack, "--json")) as Json;
  assert.match(String(history[0]?.["environment"]?.["holdfast.who"]), /^ada \(holdfast pulumi/);
  const { tokens } = await stage.json("token", "list");
  assert.deepEqual(tokens, [], "its tokens are gone");
}

test("a person uses the plain Pulumi CLI on holdfast's state, through a daemon and without one", async t => {
  const stage = makeStage(t, {
    files: ({ sandbox }) => ({
      "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow, interval: 1h, drift: { every: 1h } }\n',
      "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
      "app/Pulumi.prod.yaml": "{}\n",
      "app/index.ts": program(sandbox, "hello\n"),
    }),
  });
  const daemon = await stage.serve();
  await until("the first deploy has ended", () => /app\/prod converged/.test(daemon.stderr()));

  await t.test("through the daemon", async () => {
    assert.match(await pulumi(stage, "whoami"), /ada/);
    // It looks at what a person did as soon as that has ended, and would put it right in the middle of this.
    assert.equal((await stage.run(["pause", "app/prod", "--why", "ada works on it"])).code, 0);
    await tryEverything(stage, "through the daemon\n");
  });

  await t.test("the daemon puts right what a person did beside Git", async () => {
    assert.equal((await stage.run(["resume", "app/prod"])).code, 0);
    const synced = await stage.run(["sync"]);
    assert.equal(synced.code, 0, synced.stderr);
    assert.equal(motd(stage), "hello\n");
    daemon.kill("SIGTERM");
    assert.equal((await daemon.ended).code, 0);
  });

  await t.test("with a provider's plugin that the person has installed", async () => {
    const plugin = path.join(stage.base, "home/.pulumi/plugins/resource-probe-v0.0.1");
    mkdirSync(plugin, { recursive: true });
    probeOnPath(plugin);
    const thing = `import { CustomResource } from "@pulumi/pulumi";
new CustomResource("probe:index:Thing", "thing", { path: "/nowhere", content: "a" });`;
    writeFileSync(path.join(stage.repository.folder, "app/index.ts"), thing);
    assert.match(await pulumi(stage, "preview", "--stack", "prod"), /probe:index:Thing +thing +create/);
  });

  await t.test("without a daemon", async () => {
    edit(stage, "without a daemon\n");
    await pulumi(stage, "up", "--stack", "prod", "--yes", "--skip-preview");
    assert.equal(motd(stage), "without a daemon\n");
    await until("nothing is left", () => stage.processes().length === 0);
  });
});
