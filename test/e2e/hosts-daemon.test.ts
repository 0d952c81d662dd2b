/** The real daemon and a real host: a deploy key from SOPS, and the daemon's own violent death in the middle. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { run as runProgram } from "../../src/process/run.ts";
import { parsePlain, sealNew } from "../../src/secrets/secret-file.ts";
import { makeStage, until } from "../support/daemon-stage.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { temporaryFolder, testKey } from "../support/secrets.ts";

let frodo: LoneHost;
before(async () => {
  if (!noHosts) frodo = await startHost();
});
after(() => frodo?.stop());

const HOLDFAST_YAML = `stacks:
  "*": { firstApply: allow, secrets: [secrets/app.sops.yaml], drift: { every: 2s, action: correct }, interval: 1s }
`;

async function sealed(recipient: string, value: string): Promise<string> {
  const document = parsePlain("secrets/app.sops.yaml", Buffer.from(JSON.stringify({ deployKey: value })));
  assert.ok(document.ok);
  const rule = { recipients: [recipient], rules: {}, macOnlyEncrypted: false };
  const file = await sealNew(document.value, rule, new Date());
  assert.ok(file.ok);
  return file.value.text;
}

const program = (address: string, content: string): string => `import * as pulumi from "@pulumi/pulumi";
import { File, Group, Host } from "holdfast/host";

const privateKey = new pulumi.Config().requireSecret("deployKey");
const connection = { host: ${JSON.stringify(address)}, user: "deploy", privateKey, hostKey: "trust-first" };
const host = new Host("frodo", { connection, sudo: true });
const group = new Group("app", { host, name: "app" });
const content = ${JSON.stringify(content)};
const first = new File("first", { host, path: "/srv/app/first", content, group: "app" }, { dependsOn: group });
const validate = "test -s %s; while [ -e /srv/gate ]; do sleep 0.02; done";
new File("gated", { host, path: "/srv/app/gated", content, validate }, { dependsOn: first });
`;

/** Files that hold this text; grep does not mind those that the daemon, which is at work, removes meanwhile. */
async function filesWith(text: string, folder: string): Promise<string> {
  const options = { env: { PATH: process.env["PATH"] ?? "" }, deadlineMs: 60_000 };
  const { code, stdout } = await runProgram("grep", ["-rlsF", "-e", text, folder], options);
  assert.notEqual(code, null, "grep looked");
  return stdout.toString();
}

test("the daemon and a host", { skip: noHosts }, async t => {
  const keys = temporaryFolder(t);
  const age = await testKey(keys);
  const deployKey = readFileSync(frodo.connection.identityFile, "utf8");
  const env = { SOPS_AGE_KEY_FILE: age.file };
  const secrets = await sealed(age.recipient, deployKey);
  const stage = makeStage(t, {
    files: () => ({
      "holdfast.yaml": HOLDFAST_YAML,
      "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
      "app/Pulumi.prod.yaml": "{}\n",
      "app/index.ts": program(frodo.address, "one\n"),
      "secrets/app.sops.yaml": secrets,
    }),
  });
  const commit = (content: string): string =>
    stage.repository.commit(content, { "app/index.ts": program(frodo.address, content) });
  const holds = async (content: string): Promise<boolean> =>
    (await frodo.run("cat /srv/app/first /srv/app/gated 2>/dev/null || :")) === content + content;
  let daemon = await stage.serve([], { env: { ...stage.env, ...env } });

  await t.test("a deploy key from SOPS and sudo open the way; the key is nowhere in the clear", async () => {
    await until("the files are there", () => holds("one\n"));
    assert.equal(await frodo.run("stat -c '%U %G' /srv/app/first"), "root app\n");
    const line = deployKey.split("\n")[2] ?? assert.fail("a key of one line");
    assert.equal(await filesWith(line, stage.base), "");
    assert.doesNotMatch(daemon.stderr() + daemon.stdout(), new RegExp(line.slice(0, 40)));
  });

  await t.test("the host key that was trusted at first is remembered in the data folder", () => {
    const known = readFileSync(path.join(stage.data, "known_hosts"), "utf8");
    assert.equal(known, `${frodo.address} ${frodo.connection.hostKey}\n`);
  });

  await t.test("what somebody changes by hand is put back", async () => {
    await frodo.run("echo by hand >/srv/app/first; chgrp root /srv/app/first; groupdel app");
    await until("it is as it was", () => holds("one\n"));
    await until("also its group", async () => (await frodo.run("stat -c %G /srv/app/first")) === "app\n");
  });

  await t.test("a daemon that is killed in the middle of a step goes on where it was", async () => {
    await frodo.run("touch /srv/gate");
    commit("two\n");
    await until("the step waits", async () =>
      /^two\n\.holdfast-/.test(await frodo.run("cd /srv/app; cat first; ls .holdfast-* 2>/dev/null || :")),
    );
    daemon.kill("SIGKILL");
    await daemon.ended;
    assert.equal(await frodo.run("cat /srv/app/gated"), "one\n");
    await frodo.run("rm /srv/gate");
    daemon = await stage.serve([], { env: { ...stage.env, ...env } });
    await until("the new files are there", () => holds("two\n"));
  });

  await t.test("a reboot of the host is nothing but a pause", async () => {
    await frodo.reboot();
    await frodo.run("echo by hand >/srv/app/first");
    await until("it is put back", () => holds("two\n"));
  });

  await t.test("while it is down it is told as unknown, and it converges when it is back", async () => {
    await frodo.shutDown();
    commit("three\n");
    await until("it is told", async () => JSON.stringify(await stage.json("status")).includes("unreachable"));
    await frodo.start();
    await until("it has what it missed", () => holds("three\n"));
  });
});
