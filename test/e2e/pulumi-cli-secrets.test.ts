/** Secrets on their way through the run's own config file, the real CLI and the state service, to the program and no further. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { OperationContext } from "../../src/engine/ports/pulumi.ts";
import { openCliStage, type CliStage } from "../support/state-stage.ts";
import { plainStack } from "../support/pulumi/stage.ts";

let stage: CliStage;
before(async () => (stage = await openCliStage()));
after(() => stage.close());

const secrets = {
  password: "hush-password",
  database: { user: "hush-user", hosts: ["hush-one", "hush-two"] },
  account: { port: 5432, tls: true, pin: "hush-pin" },
};

const PROGRAM = `
const config = new pulumi.Config();
const file = (name, content) => new Thing(name, { path: at(name), content });
file("password", config.requireSecret("password"));
file("database", config.requireSecretObject("database").apply(v => JSON.stringify(v)));
file("account", config.requireSecretObject("account").apply(v => JSON.stringify(v)));
file("plain", "motd " + config.require("motd") + ", default " + config.require("fallback"));
const opened = config.get("password"); // a program that takes a secret for a plain value
file("leaked", "user=a password=" + opened + ";");
file("long", "#".repeat(40_000) + opened);
`;

async function contextWithSecrets(runId: string): Promise<OperationContext> {
  const stackFile = "Pulumi.dev.yaml";
  writeFileSync(
    path.join(stage.root, "Pulumi.yaml"),
    "name: probe\nruntime: nodejs\nconfig:\n  fallback:\n    type: string\n    default: from-project\n  database:\n    type: object\n",
  );
  writeFileSync(path.join(stage.root, stackFile), "config:\n  motd: hello\n");
  const stack = plainStack({ stackFile });
  const written = await stage.pulumi.writeConfig({
    root: stage.root,
    stack,
    secrets,
    encrypt: plaintexts => stage.control.encrypt("probe/dev", plaintexts),
  });
  assert.ok(written.ok, JSON.stringify(written));
  return stage.context(runId, { stack, configFile: written.value.file });
}

test("a program reads secrets as it wrote for them, types included, and no plan or result shows one", async () => {
  await stage.control.ensureStack("probe/dev");
  await stage.program(PROGRAM);
  const context = await contextWithSecrets("run-1");
  const first = await stage.worker();
  const planned = await stage.pulumi.preview(context, first, { exclude: [] });
  await first.stop();
  assert.ok(planned.ok, JSON.stringify(planned));
  assert.doesNotMatch(JSON.stringify(planned), /hush/);
  const leaked = planned.value.changes.find(({ name }) => name === "leaked");
  assert.equal(leaked?.after?.["content"], "user=a password=[secret];");

  const { changes } = planned.value;
  const stateVersion = await stage.control.version("probe/dev");
  await stage.control.bind("run-1", { kind: "apply", stateVersion, changes });
  const second = await stage.worker();
  const applied = await stage.pulumi.up(context, second, { exclude: [] });
  await second.stop();
  assert.ok(applied.ok, JSON.stringify(applied));
  assert.deepEqual(applied.value.errors, []);
  assert.doesNotMatch(JSON.stringify(applied), /hush/);
  assert.deepEqual((await stage.control.endRun("run-1")).refusals, []);

  const made = (name: string): string => readFileSync(path.join(stage.target, name), "utf8");
  assert.equal(made("password"), "hush-password");
  assert.deepEqual(JSON.parse(made("database")), secrets.database);
  assert.deepEqual(JSON.parse(made("account")), secrets.account);
  assert.equal(made("plain"), "motd hello, default from-project");
  assert.equal(made("leaked"), "user=a password=hush-password;");
  assert.equal(made("long").length, 40_000 + "hush-password".length);
});

test("a token that has ended is refused, and told as what it is", async () => {
  const context = await contextWithSecrets("run-2");
  await stage.control.endRun("run-2");
  const refused = await stage.pulumi.check(context, { exclude: [] });
  assert.ok(!refused.ok);
  assert.equal(refused.failure.reason, "cli-failed");
  assert.doesNotMatch(JSON.stringify(refused.failure), new RegExp(context.state.token));
});
