import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateIdentity } from "age-encryption";
import { after, test } from "node:test";
import * as machine from "../../../src/commands/doctor-machine.ts";
import { fine, missing } from "../../../src/commands/doctor-finding.ts";
import { renderReport } from "../../../src/commands/doctor-table.ts";
import type { Io } from "../../../src/commands/command.ts";
import { examine } from "../../../src/commands/wire-doctor.ts";
import { root } from "./setup-modules.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-doctor-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const io: Io = {
  stdout: () => undefined,
  stderr: () => undefined,
  stdin: process.stdin,
  isTTY: { stdout: false, stderr: false, stdin: false },
  columns: 80,
  env: { HOME: scratch, PATH: path.join(scratch, "empty") },
  cwd: scratch,
  stopSignal: () => new AbortController().signal,
};
const bare = {
  ...{ repo: undefined, branch: undefined, data: path.join(scratch, "data"), pulumi: undefined },
  ...{ json: false, verbose: false, fix: false, rest: [] },
};
const ignore = (): void => undefined;

test("on a machine without anything, what is needed is missing, with the way out of each", async () => {
  const report = await examine(bare, io, ignore);
  const states = Object.fromEntries(report.checks.map(check => [check.name, check.state]));
  assert.equal(report.ok, false);
  assert.equal(states.Git, "missing");
  assert.equal(states["Pulumi CLI 3.259.0"], "missing");
  assert.equal(states.ssh, "warning");
  assert.equal(states["age key"], "warning");
  for (const check of report.checks)
    assert.equal(check.wayOut !== undefined, check.state !== "ok", check.name);
  assert.deepEqual(
    report.pulumi.map(({ way }) => way),
    ["pulumi on PATH", "holdfast's cache", "download", "build with Go"],
  );
});

test("an age key is found where sops looks, and only said to be there", async () => {
  const file = path.join(scratch, "key.txt");
  const secret = await generateIdentity();
  writeFileSync(file, `${secret}\n`);
  const report = await examine(bare, { ...io, env: { ...io.env, SOPS_AGE_KEY_FILE: file } }, ignore);
  assert.deepEqual(
    report.checks.find(check => check.name === "age key"),
    fine("age key", "1 there"),
  );
  assert.ok(!JSON.stringify(report).includes(secret));

  const named = await examine(bare, { ...io, env: { ...io.env, SOPS_AGE_KEY_FILE: "/nowhere/key" } }, ignore);
  assert.match(named.checks.find(check => check.name === "age key")?.found ?? "", /\/nowhere\/key/);
});

test("settings that are wrong are missing, with what is wrong", async () => {
  const report = await examine(bare, { ...io, env: { ...io.env, HOLDFAST_PARALLELISM: "many" } }, ignore);
  const settings = report.checks.find(check => check.name === "settings");
  assert.equal(settings?.state, "missing");
  assert.match(settings.found, /HOLDFAST_PARALLELISM/);
});

test("a Git that is too old is missing, by its version", async () => {
  const folder = path.join(scratch, "old-git");
  mkdirSync(folder);
  writeFileSync(path.join(folder, "git"), "#!/bin/sh\necho 'git version 2.30.9 (Apple Git-1)'\n");
  chmodSync(path.join(folder, "git"), 0o755);
  const finding = await machine.checkGit({ HOME: scratch, PATH: folder });
  assert.deepEqual([finding.state, finding.found], ["missing", "2.30.9 is too old"]);
});

test("packages are compared with what package.json pins", () => {
  assert.equal(machine.checkPackages(root).state, "ok");
  const clone = path.join(scratch, "clone");
  mkdirSync(path.join(clone, "node_modules", "a"), { recursive: true });
  writeFileSync(path.join(clone, "package.json"), '{ "dependencies": { "a": "1.0.0", "b": "2.0.0" } }');
  writeFileSync(path.join(clone, "node_modules", "a", "package.json"), '{ "version": "1.0.1" }');
  assert.equal(machine.checkPackages(clone).found, "not there: a 1.0.0, b 2.0.0");
});

test("a folder that does not exist yet is judged by the one that it will be made in", () => {
  assert.match(machine.checkDataFolder(path.join(scratch, "a", "b")).found, /GiB free for .*\/a\/b$/);
  assert.equal(machine.checkMemoryFolder(path.join(scratch, "no-memory")).state, "warning");
});

test("the report is a table that ends with what to do", () => {
  const checks = [fine("Node", "24.21.0"), missing("Git", "none on PATH", "install Git")];
  const pulumi = [{ way: "download", outcome: "failed", said: "no line" } as const];
  assert.equal(
    renderReport({ ok: false, checks, pulumi }),
    `ok       Node  24.21.0
MISSING  Git   none on PATH

Ways to the Pulumi CLI, in order:
  no  download  no line

What to do:
  Git: install Git

Something that holdfast needs is missing.
`,
  );
});

test("programs for signed commits are needed where signatures are asked for, and not else", async () => {
  const empty = { HOME: scratch, PATH: path.join(scratch, "empty") };
  const asked = { allowedSignersFile: "/x", gpgKeys: "y" };
  const states = async (env: NodeJS.ProcessEnv, signers: typeof asked | undefined): Promise<string[]> =>
    (await machine.checkSignatures(env, signers)).map(({ name, state }) => `${name}: ${state}`);
  assert.deepEqual(await states(empty, undefined), ["signed commits: ok"]);
  assert.deepEqual(await states(empty, asked), [
    "signed commits, SSH: missing",
    "signed commits, GPG: missing",
  ]);
  assert.equal((await states(process.env, asked))[0], "signed commits, SSH: ok");
});

test("an OpenSSH or GnuPG that is too old is said", async () => {
  const folder = path.join(scratch, "old");
  mkdirSync(folder);
  const program = (name: string, text: string): void =>
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program("ssh", "echo OpenSSH_8.4p1 >&2");
  program("ssh-keygen", "exit 1");
  program("gpg", "echo 'gpg (GnuPG) 1.4.23'");
  const env = { HOME: scratch, PATH: `${folder}:/bin` };
  const found = await machine.checkSignatures(env, { allowedSignersFile: "/x", gpgKeysFile: "/y" });
  assert.deepEqual(
    found.map(one => one.found),
    ["OpenSSH 8.4 is too old", "gpg 1.4.23 is too old"],
  );
});
