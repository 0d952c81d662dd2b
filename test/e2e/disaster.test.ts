/** The data folder is lost, or its database damaged: what a person does then, and what they find. */
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { makeStage, until, type Stage } from "../support/daemon-stage.ts";
import { schemaErrors } from "../support/json-schema.ts";
import type { Files } from "../support/git.ts";
import { testKey } from "../support/secrets.ts";

/** A host that is a folder, with the files that are named, and one secret in the state. */
const estate = (sandbox: string, names: readonly string[]): Files => ({
  "holdfast.yaml": 'stacks:\n  "*": { drift: { every: 1h }, interval: 1s }\n',
  "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
  "app/Pulumi.prod.yaml": "{}\n",
  "app/index.ts": `import { secret } from "@pulumi/pulumi";
import { File, Host } from "holdfast/host";

const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
for (const name of ${JSON.stringify(names)})
  new File(name, { host, path: "/" + name, content: secret("this is " + name + "\\n") });
`,
});

interface Disaster extends Stage {
  readonly keyEnv: { readonly env: Readonly<Record<string, string>> };
  /** Runs a command with the age key to its end; fails the test where it ends otherwise. */
  ok(...args: readonly string[]): Promise<string>;
}

async function openDisaster(t: TestContext): Promise<Disaster> {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, ["a", "b"]) });
  mkdirSync(stage.sandbox);
  const key = await testKey(stage.base, "age-key.txt");
  const keyEnv = { env: { SOPS_AGE_KEY_FILE: key.file } };
  return {
    ...stage,
    keyEnv,
    async ok(...args) {
      const { code, stdout, stderr } = await stage.run(args, keyEnv);
      assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}

const schemaOf = (name: string): Record<string, unknown> =>
  JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, `../../docs/schemas/${name}.schema.json`), "utf8"),
  ) as Record<string, unknown>;

function fits(text: string, name: string): Record<string, unknown> {
  const document = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual(schemaErrors(document, schemaOf(name), schemaOf(name)), [], text);
  return document;
}

const inode = (file: string): number => statSync(file).ino;

test("the whole data folder is lost: age key and backup bring it back, and the next run has nothing to do", async t => {
  const stage = await openDisaster(t);
  const elsewhere = path.join(stage.base, "elsewhere");
  await stage.ok("sync", "--first");
  const token = (await stage.ok("token", "create", "anna")).trim();
  fits(await stage.ok("backup", "--to", elsewhere, "--json"), "backup");
  const history = await stage.json("history");
  rmSync(stage.data, { recursive: true });
  const listed = fits(await stage.ok("backup", "list", "--to", elsewhere, "--json"), "backup");
  assert.equal(Array.isArray(listed["backups"]) && listed["backups"].length, 1);
  // On a new machine the backup itself says which repository it belongs to.
  const restored = fits(await stage.ok("restore", elsewhere, "--json"), "restore");
  assert.equal(restored["repository"], stage.repository.url);
  assert.deepEqual(restored["stacks"], [
    { stack: "app/prod", stateVersion: 1, resources: 5, deployed: stage.repository.head() },
  ]);
  const before = ["a", "b"].map(name => inode(path.join(stage.sandbox, name)));
  assert.match(await stage.ok("plan", "app/prod"), /nothing to do/);
  assert.match(await stage.ok("sync"), /nothing to do/);
  assert.deepEqual(
    before,
    ["a", "b"].map(name => inode(path.join(stage.sandbox, name))),
    "no file was written anew",
  );
  const after = await stage.json("history");
  assert.deepEqual(after["runs"]?.at(-1), history["runs"]?.at(-1), "history is there");
  const daemon = await stage.serve([], stage.keyEnv);
  const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, "tokens still open");
  daemon.kill("SIGTERM");
  await daemon.ended;
});

test("a restore does not overwrite a folder with state, keeps it aside when told to, and waits for no daemon", async t => {
  const stage = await openDisaster(t);
  const daemon = await stage.serve([], stage.keyEnv);
  await stage.ok("sync", "--first");
  await stage.ok("backup");
  const folder = path.join(stage.data, "backups");
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "in the way");
  assert.equal((await stage.run(["backup"], stage.keyEnv)).code, 1);
  assert.match(
    await stage.ok("status"),
    /Backups fail: the last good one is of/,
    "a person's own count, too",
  );
  rmSync(folder);
  renameSync(`${folder}.away`, folder);
  await stage.ok("backup");
  assert.doesNotMatch(await stage.ok("status"), /Backups fail/);
  const busy = await stage.run(["restore", "--force"], stage.keyEnv);
  assert.equal(busy.code, 3, busy.stderr);
  assert.match(busy.stderr, /holdfast serve/);
  daemon.kill("SIGTERM");
  await daemon.ended;
  const refused = await stage.run(["restore"], stage.keyEnv);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /has state already: stacks with state: 1[\s\S]*--force/);
  const other = await testKey(stage.base, "other-key.txt");
  const wrong = await stage.run(["restore", "--force"], { env: { SOPS_AGE_KEY_FILE: other.file } });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /another key than ours/);
  const said = await stage.ok("restore", "--force");
  const aside = /What was there before is in (\S+)/.exec(said)?.[1] ?? assert.fail(said);
  assert.ok(readdirSync(aside).includes("holdfast.db"));
});

test("without any backup, a first apply adopts what is there: nothing fails, nothing is written twice", async t => {
  const stage = await openDisaster(t);
  await stage.ok("sync", "--first");
  rmSync(stage.data, { recursive: true });
  const before = ["a", "b"].map(name => inode(path.join(stage.sandbox, name)));
  const held = await stage.run(["sync"], stage.keyEnv);
  assert.equal(held.code, 3, held.stdout);
  assert.match(held.stdout, /no state/);
  assert.match(await stage.ok("sync", "app/prod", "--first"), /\+4/);
  assert.deepEqual(
    before,
    ["a", "b"].map(name => inode(path.join(stage.sandbox, name))),
    "equal files are adopted as they are",
  );
  assert.deepEqual(stage.files(), ["a", "b"]);
  assert.match(await stage.ok("plan", "app/prod"), /nothing to do/);
});

/** Overwrites pages in the middle of the database, behind SQLite's back. */
function damage(file: string): void {
  const page = 4096;
  const pages = Math.floor(statSync(file).size / page);
  const fd = openSync(file, "r+");
  for (let at = 2; at < pages; at++) writeSync(fd, Buffer.alloc(page, 0x5a), 0, page, at * page);
  closeSync(fd);
}

/** The first pages of these tables and their indexes alone: the file opens, and reading them finds the damage. */
function damageTables(file: string, tables: readonly string[]): void {
  const db = new DatabaseSync(file);
  const rows = db.prepare("SELECT tbl_name, rootpage FROM sqlite_schema WHERE rootpage > 0").all();
  const size = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);
  db.close();
  const pages = rows
    .filter(row => tables.includes(String(row["tbl_name"])))
    .map(row => Number(row["rootpage"]));
  assert.ok(pages.length >= tables.length);
  const fd = openSync(file, "r+");
  for (const page of pages) writeSync(fd, Buffer.alloc(size, 0x5a), 0, size, (page - 1) * size);
  closeSync(fd);
}

test("a damaged database is not run on: its newest backup is named with the command that brings it back", async t => {
  const stage = await openDisaster(t);
  await stage.ok("sync", "--first");
  await stage.ok("backup");
  const file = path.join(stage.data, "holdfast.db");
  const good = readFileSync(file);
  const saidBy = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await stage.run(args, stage.keyEnv);
    assert.equal(code, 1, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, /^holdfast: The database in \S+ is damaged; nothing is run on it\n/, args.join(" "));
    assert.match(stderr, /The newest backup is of [^\n]*holdfast restore --data \S+ --force/);
    assert.doesNotMatch(stderr, /a bug in holdfast|\n\s+at /);
  };
  const WHILE_READING = [
    "runs",
    "stack_status",
    "state_stacks",
    "state_tokens",
    "state_checkpoints",
    "state_keys",
  ];
  damageTables(file, WHILE_READING);
  for (const args of ["status", "history", "token list", "keys list", "export-state app/prod"])
    await saidBy(...args.split(" "));
  await saidBy("pulumi", "--", "stack", "ls");
  for (const log of ["-wal", "-shm"]) rmSync(file + log, { force: true });
  writeFileSync(file, good);
  damage(file);
  const damaged = readFileSync(file);
  for (const args of ["sync", "backup", "status"]) await saidBy(...args.split(" "));
  const { code, stderr } = await stage.run(["serve", "--listen", "127.0.0.1:0"], stage.keyEnv);
  assert.equal(code, 65, "as the systemd unit knows it");
  assert.ok(stderr.includes(`holdfast restore --data ${stage.data} --force`), stderr);
  assert.ok(readFileSync(file).equals(damaged), "it was not touched");
  const said = await stage.ok("restore", "--force");
  const aside = /What was there before is in (\S+)/.exec(said)?.[1] ?? assert.fail(said);
  assert.ok(readFileSync(path.join(aside, "holdfast.db")).equals(damaged), "the damaged file is kept");
});

test("a daemon makes backups by itself, and before a run that deletes; where it cannot, that run waits and others go on", async t => {
  const stage = await openDisaster(t);
  const daemon = await stage.serve([], stage.keyEnv);
  await stage.ok("sync", "--first");
  const folder = path.join(stage.data, "backups");
  const backups = (): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  await until("the first backup is there", () => backups().some(name => /-scheduled-.*age$/.test(name)));
  stage.repository.commit("less", estate(stage.sandbox, ["a"]));
  await until("b is gone", () => stage.files().join() === "a");
  assert.equal(backups().filter(name => /-destructive-/.test(name)).length, 1);
  // A file where the folder belongs: nothing can be written there.
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "in the way");
  stage.repository.commit("more", estate(stage.sandbox, ["a", "c"]));
  await until("what deletes nothing goes on", () => stage.files().join() === "a,c");
  stage.repository.commit("other", estate(stage.sandbox, ["a"]));
  await until("it waits", () => /held[^\n]*Waits for a backup/.test(daemon.stderr()));
  assert.deepEqual(stage.files(), ["a", "c"]);
  const { stdout } = await stage.run(["status"], stage.keyEnv);
  assert.match(stdout, /Backups fail: the last good one is of [\s\S]*where a folder is needed/);
  rmSync(folder);
  await until("it goes on by itself", () => stage.files().join() === "a");
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0);
});
