import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDatabase } from "../../../src/store/database.ts";
import { createSqliteRecords, recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { recordsContract, type RecordsUnderTest } from "../../support/records-contract.ts";

async function open(): Promise<RecordsUnderTest> {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-records-"));
  const file = path.join(folder, "holdfast.db");
  let db = openDatabase(file, recordsMigrations);
  return {
    records: createSqliteRecords(db),
    async reopen() {
      db.close();
      db = openDatabase(file, recordsMigrations);
      return createSqliteRecords(db);
    },
    async close() {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

recordsContract("SQLite", open);
