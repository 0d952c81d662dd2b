/** A small data folder with a real database and a real age key, and what backups of it need. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { generateIdentity } from "age-encryption";
import type { BackupWorld } from "../../../src/backup/make.ts";
import type { Cipher } from "../../../src/backup/open.ts";
import { createIdentitySource } from "../../../src/secrets/identities.ts";
import { createOrigin } from "../../../src/secrets/origin.ts";
import { createSealer } from "../../../src/secrets/sealer.ts";
import { snapshot, summarize } from "../../../src/store/backup.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { findDamage } from "../../../src/store/integrity.ts";
import { createSqliteRecords, recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";

export interface DataStage {
  readonly folder: string;
  readonly data: string;
  readonly database: string;
  readonly records: ReturnType<typeof createSqliteRecords>;
  /** Of the key that the data folder's daemon has. */
  readonly cipher: Cipher;
  readonly world: BackupWorld;
}

export const cipherOf = (key: string | undefined): Cipher => {
  const env = key === undefined ? {} : { SOPS_AGE_KEY: key };
  const identities = createIdentitySource({ env, home: "/nonexistent", platform: "linux" });
  return { ...createOrigin(identities), sealer: createSealer(identities) };
};

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hf-backup-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function openDataStage(t: TestContext, over: Partial<BackupWorld> = {}): Promise<DataStage> {
  const folder = tempFolder(t);
  const data = path.join(folder, "data");
  mkdirSync(data);
  const database = path.join(data, "holdfast.db");
  const db = openDatabase(database, [...recordsMigrations, ...stateMigrations]);
  t.after(() => db.close());
  const records = createSqliteRecords(db);
  await records.setSetting("repository", "https://git.example.org/estate.git");
  await records.allowFirst("hosts/frodo", "anna", 1);
  writeFileSync(path.join(data, "state.key"), Buffer.alloc(32, 7), { mode: 0o600 });
  const cipher = cipherOf(await generateIdentity());
  const world: BackupWorld = {
    data,
    keyFiles: ["state.key"],
    snapshot: into => snapshot(database, into),
    findDamage: file => findDamage(file),
    summarize,
    cipher,
    recipients: [],
    branch: "main",
    version: "0.0.0",
    now: () => Date.UTC(2026, 10, 21, 14, 12, 32),
    ...over,
  };
  return { folder, data, database, records, cipher, world };
}
