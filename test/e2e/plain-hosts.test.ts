/** A host as plain files in Git, with the real daemon: what is pushed is on the host, and nothing else. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { makeStage, until, type Json, type Stage } from "../support/daemon-stage.ts";
import type { Files } from "../support/git.ts";
import { testKey } from "../support/secrets.ts";

const SECRETS = "secrets/hosts.sops.yaml";
const PASSWORD = "speak friend and enter";

/** Two hosts of plain files, and a stack with a program beside them. */
const estate = (sandbox: string): Files => ({
  "holdfast.yaml": `stacks:
  "*": { firstApply: allow, interval: 1s, drift: { every: 1h } }
  "hosts/frodo":
    secrets: [${SECRETS}]
    drift: { every: 2s }
    prune: true
    host:
      connection: "local:${sandbox}/frodo"
      files: [./all/files, ./frodo/files]
      units: ./frodo/units
      cron: ./frodo/cron
      values: [all/values.yaml, { serverName: frodo.example.org }]
      paths: { "/etc/app/": { mode: "0750" } }
  "hosts/camelot":
    dependsOn: [hosts/frodo]
    host: { connection: "local:${sandbox}/camelot", files: all/files, values: all/values.yaml }
`,
  "all/values.yaml": "owner: platform\n",
  "all/files/etc/motd.tmpl": "Kept by {{ owner }}.\n",
  "frodo/files/etc/nginx/nginx.conf": "worker_processes 1;\n",
  "frodo/files/etc/nginx/sites/app.conf.tmpl": "server_name {{ serverName }};\n",
  "frodo/files/etc/app/environment.tmpl": "PASSWORD={{ databasePassword }}\n",
  "frodo/files/usr/local/bin/backup": "#!/bin/sh\ntrue\n",
  "frodo/units/app.service": "[Service]\nExecStart=/bin/true\n",
  "frodo/cron/backup": "15 3 * * * root /usr/local/bin/backup\n",
  "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
  "app/Pulumi.prod.yaml": "{}\n",
  "app/index.ts": `import { File } from "holdfast/host";
new File("file", { connection: "local:${sandbox}/app", path: "/app", content: "a program\\n" });
`,
});

interface Box {
  read(name: string): string | undefined;
  write(name: string, content: string): void;
  mode(name: string): number;
}

function box(stage: Stage, name: string): Box {
  const at = (file: string): string => path.join(stage.sandbox, name, file);
  return {
    read: file => (existsSync(at(file)) ? readFileSync(at(file), "utf8") : undefined),
    write: (file, content) => writeFileSync(at(file), content),
    mode: file => statSync(at(file)).mode & 0o777,
  };
}

/** The estate with its secret, encrypted as people do it, and a daemon that follows it. */
async function serveEstate(stage: Stage): Promise<void> {
  const { file, recipient } = await testKey(stage.base);
  const { folder } = stage.repository;
  const env = { SOPS_AGE_KEY_FILE: file };
  writeFileSync(
    path.join(folder, ".sops.yaml"),
    `creation_rules:\n  - path_regex: ^secrets/\n    age: ${recipient}\n`,
  );
  mkdirSync(path.join(folder, "secrets"));
  writeFileSync(path.join(folder, SECRETS), `databasePassword: ${PASSWORD}\n`);
  const encrypted = await stage.run(["secrets", "encrypt", SECRETS], { cwd: folder, env });
  assert.equal(encrypted.code, 0, encrypted.stderr);
  chmodSync(path.join(folder, "frodo/files/usr/local/bin/backup"), 0o755);
  stage.repository.commit("a secret");
  await stage.serve([], { env });
}

const stateOf = async (stage: Stage, name: string): Promise<string | undefined> => {
  const { stacks } = await stage.json("status");
  return [...(stacks ?? [])].find(({ stack }) => stack === name)?.["state"];
};

const inSync = (stage: Stage, name: string): Promise<boolean> =>
  until(`${name} is in sync with the head`, async () => {
    const { stacks } = await stage.json("status");
    const found: Json | undefined = [...(stacks ?? [])].find(({ stack }) => stack === name);
    return found?.["state"] === "in-sync" && found["deployed"]?.["sha"] === stage.repository.head();
  });

const becomes = (box: Box, file: string, content: string | undefined): Promise<boolean> =>
  until(`${file} is ${JSON.stringify(content)}`, () => box.read(file) === content);

test("a host of plain files follows Git", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox) });
  await serveEstate(stage);
  const [frodo, camelot] = [box(stage, "frodo"), box(stage, "camelot")];
  await inSync(stage, "hosts/frodo");
  await inSync(stage, "hosts/camelot");
  await inSync(stage, "app/prod");

  await t.test("everything is where it belongs, with its mode", () => {
    assert.equal(frodo.read("etc/nginx/nginx.conf"), "worker_processes 1;\n");
    assert.equal(frodo.read("etc/nginx/sites/app.conf"), "server_name frodo.example.org;\n");
    assert.equal(frodo.read("etc/motd"), "Kept by platform.\n");
    assert.equal(camelot.read("etc/motd"), "Kept by platform.\n");
    assert.equal(frodo.read("etc/systemd/system/app.service"), "[Service]\nExecStart=/bin/true\n");
    assert.equal(frodo.read("etc/cron.d/backup"), "15 3 * * * root /usr/local/bin/backup\n");
    assert.equal(frodo.mode("usr/local/bin/backup"), 0o755);
    assert.equal(frodo.mode("etc/nginx/nginx.conf"), 0o644);
    assert.equal(frodo.mode("etc/app"), 0o750);
  });

  await t.test("a secret is on the host, for its owner alone, and nowhere else", async () => {
    assert.equal(frodo.read("etc/app/environment"), `PASSWORD=${PASSWORD}\n`);
    assert.equal(frodo.mode("etc/app/environment"), 0o600);
    const { runs } = await stage.json("history", "hosts/frodo");
    const first = [...(runs ?? [])].at(-1)?.["id"] ?? assert.fail("no run");
    const shown = await stage.run(["show", String(first)]);
    assert.match(shown.stdout, /\/etc\/app\/environment/);
    assert.ok(!shown.stdout.includes(PASSWORD), "a plan does not show it");
    const exported = await stage.run(["export-state", "hosts/frodo"]);
    assert.match(exported.stdout, /etc\/app\/environment/);
    assert.ok(!exported.stdout.includes(PASSWORD), "nor does the state");
  });

  let before = "";
  await t.test("a pushed change is on the host, and is planned as a change of that file alone", async () => {
    before = stage.repository.commit("two workers", {
      "frodo/files/etc/nginx/nginx.conf": "worker_processes 2;\n",
    });
    await becomes(frodo, "etc/nginx/nginx.conf", "worker_processes 2;\n");
    await inSync(stage, "hosts/frodo");
    const { runs } = await stage.json("history", "hosts/frodo");
    const own = [...(runs ?? [])].find(run => run["trigger"] === "commit");
    const shown = await stage.run(["show", String(own?.["id"])]);
    assert.match(shown.stdout, /~\s+holdfast:host:File \/etc\/nginx\/nginx\.conf/);
    assert.match(shown.stdout, /content: "worker_processes 1;\\n" → "worker_processes 2;\\n"/);
    assert.equal(Number(own?.["counts"]?.["update"]), 1);
  });

  await t.test("git revert puts it back", async () => {
    stage.repository.revert(before);
    await becomes(frodo, "etc/nginx/nginx.conf", "worker_processes 1;\n");
  });

  await t.test("a file that is gone from Git is gone from the host", async () => {
    const commit = stage.repository.commit("no jobs", { "frodo/files/etc/nginx/sites": null });
    await becomes(frodo, "etc/nginx/sites/app.conf", undefined);
    stage.repository.revert(commit);
    await becomes(frodo, "etc/nginx/sites/app.conf", "server_name frodo.example.org;\n");
  });

  await t.test("a file that becomes a template stays one file", async () => {
    await inSync(stage, "hosts/frodo");
    stage.repository.commit("a template", {
      "frodo/files/etc/nginx/nginx.conf": null,
      "frodo/files/etc/nginx/nginx.conf.tmpl": "# {{ owner }}\n",
    });
    await becomes(frodo, "etc/nginx/nginx.conf", "# platform\n");
    await inSync(stage, "hosts/frodo");
    assert.equal(frodo.read("etc/nginx/nginx.conf"), "# platform\n");
  });

  await t.test("what is changed by hand is put back: content, mode, existence", async () => {
    frodo.write("etc/motd", "by hand\n");
    rmSync(path.join(stage.sandbox, "frodo/etc/cron.d/backup"));
    chmodSync(path.join(stage.sandbox, "frodo/usr/local/bin/backup"), 0o777);
    await becomes(frodo, "etc/motd", "Kept by platform.\n");
    await becomes(frodo, "etc/cron.d/backup", "15 3 * * * root /usr/local/bin/backup\n");
    await until("the mode is back", () => frodo.mode("usr/local/bin/backup") === 0o755);
  });

  await t.test("a broken template stalls this host alone, and says file, line and column", async () => {
    stage.repository.commit("broken", {
      "frodo/files/etc/broken.tmpl": "fine\n{{ nobody }}\n",
      "app/index.ts": String(estate(stage.sandbox)["app/index.ts"]).replace("a program", "another program"),
    });
    await until("frodo failed", async () => (await stateOf(stage, "hosts/frodo")) === "failed");
    const program = box(stage, "app");
    await becomes(program, "app", "another program\n");
    const { runs } = await stage.json("history", "hosts/frodo");
    // What is deployed is looked after meanwhile: other runs have come since.
    const broken = [...(runs ?? [])].find(run => run["outcome"] === "failed");
    const shown = await stage.run(["show", String(broken?.["id"])]);
    assert.match(
      shown.stdout,
      /frodo\/files\/etc\/broken\.tmpl:2:4: undefined variable: nobody; known are: /,
    );
    assert.equal(frodo.read("etc/nginx/nginx.conf"), "# platform\n", "it stays as it was deployed");
    stage.repository.revert("HEAD");
    await inSync(stage, "hosts/frodo");
  });

  await t.test("a mistake in its section is told with its place, and takes nothing away", async () => {
    const text = String(estate(stage.sandbox)["holdfast.yaml"]);
    stage.repository.commit("a slip", { "holdfast.yaml": text.replace("units: ./frodo", "units: ./bilbo") });
    await until("frodo failed", async () => (await stateOf(stage, "hosts/frodo")) === "failed");
    const status = await stage.run(["status"]);
    assert.match(status.stdout, /holdfast\.yaml:10:14 +host\.units: "\.\/bilbo\/units" is not there/);
    assert.equal(frodo.read("etc/systemd/system/app.service"), "[Service]\nExecStart=/bin/true\n");
    stage.repository.revert("HEAD");
    await inSync(stage, "hosts/frodo");
  });

  await t.test("without its section the host is pruned, where that is allowed", async () => {
    const text = String(estate(stage.sandbox)["holdfast.yaml"]);
    const without = text.replace(/ {2}"hosts\/frodo":[^]*(?= {2}"hosts\/camelot")/, "");
    stage.repository.commit("no frodo", {
      "holdfast.yaml": without.replace("    dependsOn: [hosts/frodo]\n", ""),
    });
    const waits = async (): Promise<Json | undefined> => {
      const { stacks } = await stage.json("status");
      return [...(stacks ?? [])].find(({ stack }) => stack === "hosts/frodo");
    };
    // All of a stack is more than the limits let go without a person's word.
    const held = await until("the destroy is held", async () => {
      const found = await waits();
      return found?.["failure"]?.["reason"] === "limit-exceeded" ? found : undefined;
    });
    const approved = await stage.run(["approve", String(held["lastRun"] ?? "")]);
    assert.equal(approved.code, 0, approved.stderr + JSON.stringify(held));
    await becomes(frodo, "etc/motd", undefined);
    assert.equal(camelot.read("etc/motd"), "Kept by platform.\n");
  });
});
