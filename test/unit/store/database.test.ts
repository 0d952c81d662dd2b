/** The one SQLite file. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { inTransaction, openDatabase } from "../../../src/store/database.ts";
import { tempFolder } from "../../support/git.ts";

test("a full disk in the middle of a transaction is said as it is, and the next transaction works", t => {
  const migration = { name: "notes-001", sql: "CREATE TABLE notes (text TEXT NOT NULL) STRICT" };
  const db = openDatabase(path.join(tempFolder(t), "small.db"), [migration]);
  t.after(() => db.close());
  const put = db.prepare("INSERT INTO notes (text) VALUES (?)");
  // SQLite's own limit stands for the disk's: the error and what it does to the transaction are the same.
  db.exec("PRAGMA max_page_count = 8");
  assert.throws(() => inTransaction(db, () => put.run("x".repeat(100_000))), /full/);
  db.exec("PRAGMA max_page_count = 1000");
  inTransaction(db, () => put.run("after"));
  assert.deepEqual(
    db
      .prepare("SELECT text FROM notes")
      .all()
      .map(({ text }) => text),
    ["after"],
  );
});
