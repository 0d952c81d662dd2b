/** A backup holds what the data folder held, opens with its key alone, and counts only when it is whole. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { pack, unpack } from "../../../src/backup/archive.ts";
import { createFolderTarget } from "../../../src/backup/folder-target.ts";
import { makeBackup, removeWork, type MadeBackup } from "../../../src/backup/make.ts";
import { openBackup, type Cipher, type OpenedBackup } from "../../../src/backup/open.ts";
import { restoreBackup, type RestoreWorld } from "../../../src/backup/restore.ts";
import type { BackupTarget, Outcome } from "../../../src/backup/target.ts";
import { forgetMachine, unknownMigrations } from "../../../src/store/backup.ts";
import { findDamage } from "../../../src/store/integrity.ts";
import { recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { cipherOf, openDataStage, tempFolder, type DataStage } from "./stage.ts";

const KEEP = { newest: 3, days: 0 };

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) assert.fail(`${outcome.why} · ${outcome.hint ?? ""}`);
  return outcome.value;
}

const whyNot = (outcome: Outcome<unknown>): string =>
  outcome.ok ? assert.fail("it went well") : outcome.why;

async function backUp(stage: DataStage, target: BackupTarget): Promise<MadeBackup> {
  return must(await makeBackup(stage.world, target, "scheduled", KEEP));
}

function open(
  t: TestContext,
  target: BackupTarget,
  name: string,
  cipher: Cipher,
): Promise<Outcome<OpenedBackup>> {
  return openBackup({ target, name, cipher, folder: tempFolder(t), findDamage: file => findDamage(file) });
}

const restoreWorld = (data: string, cipher: Cipher): RestoreWorld => ({
  data,
  keyFiles: ["state.key"],
  cipher,
  findDamage: file => findDamage(file, "full"),
  unknownMigrations: file =>
    unknownMigrations(
      file,
      [...recordsMigrations, ...stateMigrations].map(({ name }) => name),
    ),
  forgetMachine,
  now: () => Date.UTC(2026, 10, 21, 15),
});

test("what was backed up comes back: database, key, and what the manifest says of it", async t => {
  const stage = await openDataStage(t);
  await stage.records.processStarted({ pid: 7, startTime: "1", runId: "r", what: "pulumi" });
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  const { name, stacks } = await backUp(stage, target);
  assert.equal(stacks, 0);
  assert.deepEqual(
    readdirSync(stage.data)
      .sort()
      .filter(one => !one.startsWith("holdfast.db-")),
    ["backup-work", "holdfast.db", "state.key"],
  );
  assert.deepEqual(readdirSync(path.join(stage.data, "backup-work")), []);
  const data = path.join(stage.folder, "elsewhere");
  mkdirSync(data);
  const { ours, aside, body } = must(await restoreBackup(restoreWorld(data, stage.cipher), target, name));
  assert.equal(ours, true);
  assert.equal(aside, undefined);
  assert.equal(body.repository, "https://git.example.org/estate.git");
  assert.deepEqual(readFileSync(path.join(data, "state.key")), Buffer.alloc(32, 7));
  const db = new DatabaseSync(path.join(data, "holdfast.db"), { readOnly: true });
  t.after(() => db.close());
  assert.equal(db.prepare("SELECT stack FROM first_applies").get()?.["stack"], "hosts/frodo");
  assert.deepEqual(db.prepare("SELECT * FROM processes").all(), [], "processes of the other machine");
});

test("nothing of it is readable without the key, and another key is told so", async t => {
  const stage = await openDataStage(t);
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  const { name } = await backUp(stage, target);
  const bytes = readFileSync(path.join(stage.folder, "backups", name));
  assert.ok(!bytes.includes("git.example.org") && !bytes.includes(Buffer.alloc(32, 7)));
  assert.match(
    whyNot(await open(t, target, name, cipherOf(await generateIdentity()))),
    /another key than ours/,
  );
  assert.match(whyNot(await open(t, target, name, cipherOf(undefined))), /no age key was found/);
});

test("a further recipient opens it, and hears that nobody can tell whose it is", async t => {
  const safe = await generateIdentity();
  const stage = await openDataStage(t, { recipients: [await identityToRecipient(safe)] });
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  const { name } = await backUp(stage, target);
  assert.equal(must(await open(t, target, name, cipherOf(safe))).ours, false);
  assert.equal(must(await open(t, target, name, stage.cipher)).ours, true);
});

test("every cut and every changed byte is found", async t => {
  const stage = await openDataStage(t);
  const folder = path.join(stage.folder, "backups");
  const target = createFolderTarget(folder);
  const { name } = await backUp(stage, target);
  const whole = readFileSync(path.join(folder, name));
  const places = [0, 30, 150, 230, 400, Math.floor(whole.length / 2), whole.length - 1];
  for (const place of places) {
    const changed = Buffer.from(whole);
    changed[place] = (changed[place] ?? 0) ^ 1;
    for (const bytes of [changed, whole.subarray(0, place)]) {
      writeFileSync(path.join(folder, name), bytes);
      assert.match(
        whyNot(await open(t, target, name, stage.cipher)),
        /damaged|cannot be opened/,
        String(place),
      );
    }
  }
});

test("one that somebody else made for our key and put in its place is refused", async t => {
  const stage = await openDataStage(t);
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  const own = await stage.cipher.mark("x");
  const forger: Cipher = { ...stage.cipher, mark: async () => own && { ...own, mac: "AAAA" } };
  const trusting = { ...forger, judge: async () => "ours" as const };
  const { name } = must(await makeBackup({ ...stage.world, cipher: trusting }, target, "manual", KEEP));
  assert.match(whyNot(await open(t, target, name, stage.cipher)), /says that it is ours and is not/);
});

test("a backup of a damaged database does not count, and does not stay", async t => {
  const stage = await openDataStage(t, {
    snapshot: async into => writeFileSync(into, Buffer.alloc(8192, 1)),
    summarize: () => ({ stacks: [], runs: 0, tokens: 0 }),
  });
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  assert.match(whyNot(await makeBackup(stage.world, target, "scheduled", KEEP)), /not whole/);
  assert.deepEqual(must(await target.list()), []);
});

test("older ones go, the newest stays, and what is not ours is left alone", async t => {
  let now = Date.UTC(2026, 10, 1);
  const stage = await openDataStage(t, { now: () => (now += 3_600_000) });
  const folder = path.join(stage.folder, "backups");
  const target = createFolderTarget(folder);
  mkdirSync(folder);
  writeFileSync(path.join(folder, "notes.txt"), "mine");
  const made: string[] = [];
  for (let count = 0; count < 5; count++) made.push((await backUp(stage, target)).name);
  assert.deepEqual(readdirSync(folder).sort(), [...made.slice(2), "notes.txt"].sort());
});

test("what writers do meanwhile is in the backup whole or not at all, and holds nobody up", async t => {
  const stage = await openDataStage(t);
  const target = createFolderTarget(path.join(stage.folder, "backups"));
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) {
      await stage.records.setSetting("a", String(++written));
      await stage.records.setSetting("b", String(written));
      await new Promise(setImmediate);
    }
  })();
  const { name } = await backUp(stage, target);
  writing = false;
  await writer;
  assert.ok(written > 1);
  const folder = tempFolder(t);
  must(
    await openBackup({ target, name, cipher: stage.cipher, folder, findDamage: file => findDamage(file) }),
  );
  const db = new DatabaseSync(path.join(folder, "holdfast.db"), { readOnly: true });
  t.after(() => db.close());
  const value = (key: string): number =>
    Number(db.prepare("SELECT value FROM settings WHERE key = ?").get(key)?.["value"] ?? 0);
  assert.ok([0, 1].includes(value("a") - value("b")), `${value("a")} and ${value("b")}`);
});

test("a restore keeps what was there, and one that fails changes nothing", async t => {
  const stage = await openDataStage(t);
  const folder = path.join(stage.folder, "backups");
  const target = createFolderTarget(folder);
  const { name } = await backUp(stage, target);
  const data = path.join(stage.folder, "used");
  mkdirSync(data);
  for (const file of ["holdfast.db", "holdfast.db-wal", "state.key"])
    writeFileSync(path.join(data, file), `old ${file}`);
  writeFileSync(path.join(folder, "holdfast-20260101-000000-manual-00000000.tar.zst.age"), "nonsense");
  const world = restoreWorld(data, stage.cipher);
  whyNot(await restoreBackup(world, target, "holdfast-20260101-000000-manual-00000000.tar.zst.age"));
  assert.equal(readFileSync(path.join(data, "holdfast.db"), "utf8"), "old holdfast.db");
  const newer = { ...world, unknownMigrations: () => ["records-999"] };
  assert.match(whyNot(await restoreBackup(newer, target, name)), /newer holdfast/);
  assert.equal(readFileSync(path.join(data, "holdfast.db"), "utf8"), "old holdfast.db");
  const { aside = "" } = must(await restoreBackup(world, target, name));
  assert.deepEqual(readdirSync(aside).sort(), ["holdfast.db", "holdfast.db-wal", "state.key"]);
  assert.equal(readFileSync(path.join(aside, "holdfast.db-wal"), "utf8"), "old holdfast.db-wal");
  assert.equal(existsSync(path.join(data, "holdfast.db-wal")), false);
  assert.equal(await findDamage(path.join(data, "holdfast.db")), undefined);
});

test("what a killed backup left is removed; another process's own is not", async t => {
  const stage = await openDataStage(t);
  const work = path.join(stage.data, "backup-work");
  for (const name of [`${process.pid}-mine`, "4194305-dead"])
    mkdirSync(path.join(work, name), { recursive: true });
  await removeWork(stage.data);
  assert.deepEqual(readdirSync(work), [`${process.pid}-mine`]);
});

test("the archive is one that tar reads, and that reads tar's", async t => {
  const folder = tempFolder(t);
  const [file, from, to] = ["a.tar", "from", "to"].map(name => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(from);
  mkdirSync(to);
  const sizes = [0, 1, 511, 512, 513, 70_000];
  const entries = sizes.map(size => ({ name: `f${size}`, size, content: [Buffer.alloc(size, size % 251)] }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack(entries, 0)) chunks.push(chunk);
  writeFileSync(file, Buffer.concat(chunks));
  execFileSync("tar", ["-xf", file, "-C", from]);
  for (const size of sizes)
    assert.deepEqual(readFileSync(path.join(from, `f${size}`)), Buffer.alloc(size, size % 251));
  const names = sizes.map(size => `f${size}`);
  const theirs = execFileSync("tar", ["-c", "--format=ustar", "-C", from, ...names]);
  assert.deepEqual(await unpack(slices(theirs, 700), to), names);
  for (const size of sizes)
    assert.deepEqual(readFileSync(path.join(to, `f${size}`)), Buffer.alloc(size, size % 251));
});

/** In pieces that fit no block. */
async function* slices(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

test("names that lead elsewhere are not unpacked", async t => {
  const folder = tempFolder(t);
  for (const name of ["../outside", "/etc/x", ".hidden", "a/b"]) {
    const chunks: Buffer[] = [];
    for await (const chunk of pack([{ name: "x".repeat(name.length), size: 0, content: [] }], 0))
      chunks.push(Buffer.from(chunk));
    const tar = Buffer.concat(chunks);
    tar.write(name, 0, "latin1");
    const sum = Buffer.from(tar.subarray(0, 512))
      .fill(" ", 148, 156)
      .reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    await assert.rejects(unpack(slices(tar, 512), folder), /a name that we do not write/, name);
  }
  rmSync(folder, { recursive: true });
});
