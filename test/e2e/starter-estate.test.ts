/** The starter estate: two hosts with a container behind nginx, units, a timer, a cron job, templates and a secret. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { HOLDFAST } from "../support/daemon-stage.ts";
import { createEnding, type OwnEnding } from "../support/ending.ts";
import { tempFolder } from "../support/git.ts";
import { noHosts, startHosts, type Hosts } from "../support/hosts/hosts.ts";
import { importImage } from "../support/hosts/images.ts";

interface Estate {
  readonly folder: string;
  readonly sandbox: (host: string, file: string) => string;
  edit(file: string, change: (text: string) => string): void;
  commit(subject: string): void;
  holdfast(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
}

async function plant(ending: OwnEnding): Promise<Estate> {
  const temp = tempFolder(ending, "holdfast-starter-");
  const [folder, data] = [path.join(temp, "estate"), path.join(temp, "data")];
  const env = { ...process.env, HOLDFAST_DATA: data, SOPS_AGE_KEY_FILE: path.join(temp, "keys.txt") };
  const run = async (cwd: string, args: readonly string[]) => {
    const child = spawn(HOLDFAST, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  };
  const git = (...args: readonly string[]): unknown =>
    execFileSync("git", ["-c", "user.name=Sam", "-c", "user.email=sam@example.org", ...args], {
      cwd: folder,
    });
  const planted = await run(temp, ["init", folder]);
  assert.equal(planted.code, 0, planted.output);
  git("init", "--quiet", "--initial-branch=main");
  return {
    folder,
    sandbox: (host, file) => path.join(data, "sandbox", host, file),
    edit(file, change) {
      const name = path.join(folder, file);
      const text = readFileSync(name, "utf8");
      assert.notEqual(change(text), text, `${file} is not as the test knows it`);
      writeFileSync(name, change(text));
    },
    commit(subject) {
      git("add", "--all");
      git("commit", "--quiet", "--message", subject);
    },
    holdfast: (verb = "", ...args) => run(folder, [verb, "--repo", folder, ...args]),
  };
}

test("on folders that stand for hosts it is whole after one sync, and a plan finds nothing more", async t => {
  const ending = createEnding();
  t.after(() => ending.run());
  const estate = await plant(ending);
  estate.commit("A starter estate");
  const synced = await estate.holdfast("sync");
  assert.equal(synced.code, 0, synced.output);
  for (const file of [
    "etc/motd",
    "etc/nginx/sites-available/app.conf",
    "etc/systemd/system/watch-app.service",
  ])
    assert.ok(existsSync(estate.sandbox("camelot", file)), file);
  const planned = await estate.holdfast("plan");
  assert.equal(planned.code, 0, planned.output);
  assert.match(planned.output, /hosts\/frodo at .*: nothing to do/);
});

describe("on real hosts", { skip: noHosts }, () => {
  const ending = createEnding();
  let hosts: Hosts;
  let estate: Estate;
  const visit = (name: string): Promise<string> =>
    hosts.host(name).run(`curl -fsS -H 'Host: ${name}.example.org' http://127.0.0.1/`);
  const show = (name: string, unit: string): Promise<string> =>
    hosts.host(name).run(`systemctl is-active ${unit}; systemctl is-enabled ${unit}`);

  before(async () => {
    hosts = await startHosts(["frodo", "camelot"]);
    ending.after(() => hosts.stop());
    estate = await plant(ending);
    for (const { name, connectionText } of hosts.all) {
      await importImage(hosts.host(name), "app:1.4.2", `hello from ${name}`);
      estate.edit(`stacks/Pulumi.${name}.yaml`, text =>
        text
          .replace(/local:sandbox\/\w+/, JSON.stringify(connectionText))
          .replace("registry.example.org/app:1.4.2", "localhost/app:1.4.2"),
      );
    }
    estate.commit("A starter estate");
  });
  after(() => ending.run());

  test("one sync makes both of them serve the application, and a plan finds nothing more", async () => {
    const synced = await estate.holdfast("sync");
    assert.equal(synced.code, 0, synced.output);
    for (const { name } of hosts.all) {
      assert.equal(await visit(name), `hello from ${name}`);
      assert.equal(await show(name, "watch-app.service"), "active\nenabled\n");
      assert.equal(await show(name, "nightly-backup.timer"), "active\nenabled\n");
    }
    const planned = await estate.holdfast("plan");
    assert.equal(planned.code, 0, planned.output);
  });

  test("what somebody breaks by hand on one of them is found and put back", async () => {
    const frodo = hosts.host("frodo");
    await frodo.run(
      `podman rm -f app; systemctl disable --now watch-app.service; rm /etc/nginx/sites-enabled/app.conf; nginx -s reload; echo hi >>/etc/motd`,
    );
    await assert.rejects(visit("frodo"));
    const planned = await estate.holdfast("plan", "hosts/frodo");
    assert.equal(planned.code, 2, planned.output);
    const synced = await estate.holdfast("sync", "hosts/frodo");
    assert.equal(synced.code, 0, synced.output);
    assert.equal(await visit("frodo"), "hello from frodo");
    assert.equal(await show("frodo", "watch-app.service"), "active\nenabled\n");
    assert.doesNotMatch(await frodo.run("cat /etc/motd"), /^hi$/m);
  });

  test("a new machine in the place of a lost one becomes the same", async () => {
    const camelot = hosts.host("camelot");
    await camelot.run(
      "rm -rf /etc/nginx/sites-* /etc/app /usr/local/bin/* /etc/systemd/system/nightly-backup* && podman rm -f app",
    );
    const synced = await estate.holdfast("sync", "hosts/camelot");
    assert.equal(synced.code, 0, synced.output);
    assert.equal(await visit("camelot"), "hello from camelot");
    assert.equal(await show("camelot", "nightly-backup.timer"), "active\nenabled\n");
  });
});
