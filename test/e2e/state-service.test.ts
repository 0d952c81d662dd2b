/** The state service under the real CLI: what a person with `pulumi login` sees. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openCliStage, type CliStage } from "../support/state-stage.ts";

let stage: CliStage;
before(async () => {
  stage = await openCliStage();
});
after(() => stage.close());

const lines = (text: string): string[] => text.split("\n").map(line => line.trimEnd());

async function good(...args: Parameters<CliStage["cli"]>): Promise<string> {
  const ended = await stage.cli(...args);
  assert.equal(ended.code, 0, `pulumi ${args[0].join(" ")}: ${ended.text}`);
  return ended.stdout.toString();
}

test("a person's whole day with a stack works: login to removal", async () => {
  await good(["login", stage.url]);
  assert.match(await good(["whoami"]), /^anna$/m);
  await good(["stack", "init", "dev"]);
  await good(["config", "set", "--secret", "password", "hunter22", "-s", "dev"]);
  await stage.program(`
    const config = new pulumi.Config();
    const one = new Thing("one", { path: at("one"), content: "1" });
    new Thing("two", { path: at("two"), content: config.requireSecret("password") }, { dependsOn: one });
    export const password = config.requireSecret("password");
  `);
  const flags = ["-s", "dev", "--skip-plugin-pre-install"];
  assert.match(await good(["preview", ...flags], { program: true }), /3 to create/);
  assert.match(await good(["up", "--yes", "--skip-preview", ...flags], { program: true }), /3 created/);
  assert.match(await good(["up", "--yes", "--skip-preview", ...flags], { program: true }), /3 unchanged/);
  assert.match(await good(["stack", "ls"]), /dev\*?\s/);
  await good(["stack", "select", "dev"]);
  assert.match(await good(["stack", "output", "password", "--show-secrets"]), /^hunter22$/m);
  const exported = await good(["stack", "export"]);
  assert.ok(!exported.includes("hunter22"), "a secret in the clear in an export");
  assert.match(await good(["stack", "history"]), /anna/);
  assert.match(await good(["stack", "tag", "ls"]), /pulumi:project\s+probe/);
  await good(["stack", "tag", "set", "team", "blue"]);
  assert.match(await good(["stack", "tag", "ls"]), /team\s+blue/);
  assert.match(await good(["refresh", "--preview-only", ...flags]), /3 unchanged/);
  const stillThere = await stage.cli(["stack", "rm", "--yes", "dev"]);
  assert.match(stillThere.text, /still has resources/);
  assert.match(await good(["destroy", "--yes", "--skip-preview", ...flags]), /3 deleted/);
  await good(["stack", "rm", "--yes", "dev"]);
  assert.doesNotMatch(await good(["stack", "ls"]), /^dev/m);
});

test("an export can be imported again, into another stack as well when its secrets are shown", async () => {
  await stage.program(`new Thing("three", { path: at("three"), content: pulumi.secret("s3cret") });`);
  await good(["stack", "init", "from"]);
  await good(["up", "--yes", "--skip-preview", "-s", "from"], { program: true });
  const closed = await good(["stack", "export", "-s", "from"]);
  await good(["stack", "import", "-s", "from"], { input: closed });
  await good(["stack", "init", "to"]);
  const shown = await good(["stack", "export", "--show-secrets", "-s", "from"]);
  const renamed = shown.replaceAll("urn:pulumi:from::", "urn:pulumi:to::");
  await good(["stack", "import", "-s", "to"], { input: renamed });
  const again = await good(["up", "--yes", "--skip-preview", "-s", "to"], { program: true });
  assert.match(again, /2 unchanged|1 unchanged/);
  const state = await stage.control.resources("probe/to", { openSecrets: true });
  assert.ok(state.ok && state.value.some(resource => resource.inputs.content === "s3cret"));
});

test("a second update of a stack is told who holds it, and cancel frees it", async () => {
  await good(["stack", "init", "held"]);
  const stack = await stage.store.stack("probe/held");
  assert.ok(stack);
  const at = stage.clock.now();
  const update = {
    id: "held-1",
    stackId: stack.id,
    kind: "update",
    dryRun: false,
    who: "bert",
    createdAt: at,
  };
  await stage.store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  await stage.store.startUpdate({ id: "held-1", tokenHash: new Uint8Array(32), at, expiresAt: at + 300_000 });
  await stage.program("");
  const refused = await stage.cli(["up", "--yes", "--skip-preview", "-s", "held"], { program: true });
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /409.*probe\/held is being changed \(update\) by bert since/);
  await good(["cancel", "--yes", "held"]);
  await good(["up", "--yes", "--skip-preview", "-s", "held"], { program: true });
});

test("what is not supported says so", async () => {
  const ended = await stage.cli(["stack", "webhook", "list", "-s", "held"]);
  assert.notEqual(ended.code, 0);
  assert.ok(
    lines(ended.text).some(line => line.includes("has no webhooks") && line.includes("Use instead")),
    ended.text,
  );
});

test("the service failed in none of this", () => {
  assert.deepEqual(
    stage.logged.filter(entry => entry.level === "error"),
    [],
  );
});
