/** Damage in a database file is found, said, and never repaired behind anybody's back; a full disk is seen before it is full. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { snapshot } from "../../../src/store/backup.ts";
import { createDamageBell, damageOf, tellDamage } from "../../../src/store/damage.ts";
import { bytesNeeded, DEFAULT_LEAST, diskRoom, tooLittle } from "../../../src/store/disk-room.ts";
import { findDamage } from "../../../src/store/integrity.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), "hf-integrity-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

/** Closed, so that all of it is in the one file. */
function database(t: TestContext): string {
  const file = path.join(folder(t), "a.db");
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT); CREATE INDEX i ON t (doc)",
  );
  const insert = db.prepare("INSERT INTO t (doc) VALUES (?)");
  for (let row = 0; row < 500; row++) insert.run(`${row} ${"x".repeat(200)}`);
  db.close();
  return file;
}

test("a whole database is whole, and one that is not there is no damage", async t => {
  const file = database(t);
  assert.equal(await findDamage(file), undefined);
  assert.equal(await findDamage(file, "quick"), undefined);
  assert.equal(await findDamage(`${file}.nowhere`), undefined);
});

test("a page that was written over, a file that was cut, and one that is no database are found, and left as they are", async t => {
  const ways: readonly ((file: string) => void)[] = [
    file => {
      const bytes = readFileSync(file);
      bytes.fill(0x5a, 8192, 12_288);
      writeFileSync(file, bytes);
    },
    file => truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096),
    file => writeFileSync(file, "this is no database, and longer than its header would be ".repeat(50)),
  ];
  for (const harm of ways) {
    const file = database(t);
    harm(file);
    const before = readFileSync(file);
    assert.match((await findDamage(file, "quick")) ?? "whole", /malformed|not a database|page|missing/i);
    assert.ok(readFileSync(file).equals(before));
  }
});

test("an index that does not fit its table is found by the full check", async t => {
  const file = database(t);
  const db = new DatabaseSync(file);
  db.enableDefensive(false);
  db.exec(
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (id)' WHERE name = 'i'",
  );
  db.close();
  assert.match((await findDamage(file)) ?? "whole", /missing from index/);
});

test("a copy is one file, whole, while the original is open and written to", async t => {
  const file = database(t);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec("INSERT INTO t (doc) VALUES ('in the log')");
  const copy = path.join(path.dirname(file), "copy.db");
  await snapshot(file, copy);
  assert.equal(statSync(`${copy}-wal`, { throwIfNoEntry: false }), undefined);
  const other = new DatabaseSync(copy, { readOnly: true });
  t.after(() => other.close());
  assert.equal(other.prepare("SELECT count(*) AS n FROM t").get()?.["n"], 501);
});

test("a store tells of damage, then and before anybody listened, and of nothing else", async t => {
  const file = database(t);
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4096);
  writeFileSync(file, bytes);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  const bell = createDamageBell();
  const store = tellDamage(
    {
      read: async () => db.prepare("SELECT * FROM t").all(),
      other: async () => {
        throw new Error("another error");
      },
    },
    bell.ring,
  );
  await assert.rejects(store.other(), /another error/);
  const heard: string[] = [];
  await assert.rejects(store.read(), error => damageOf(error) !== undefined);
  bell.listen(why => heard.push(why));
  await assert.rejects(store.read());
  assert.equal(heard.length, 2);
  assert.match(heard[0] ?? "", /malformed/);
});

test("room: the smaller of bytes and share, and a tenth more before it counts as enough again", async () => {
  const MB = 1e6;
  assert.equal(bytesNeeded(DEFAULT_LEAST, 1e12), 200 * MB);
  assert.equal(bytesNeeded(DEFAULT_LEAST, 48 * MB), 0.96 * MB);
  assert.equal(bytesNeeded({ bytes: 5 }, 1e12), 5);
  const at = (free: number, was: boolean): boolean =>
    tooLittle({ free: free * MB, total: 1e12 }, { bytes: 100 * MB }, was) !== undefined;
  assert.deepEqual([at(101, false), at(99, false), at(101, true), at(111, true)], [false, true, true, false]);
  const { free, total } = await diskRoom(tmpdir());
  assert.ok(free > 0 && total >= free);
});
