/** Tables of the state store. A step that has run anywhere is never changed. */
import type { Migration } from "./database.ts";

export const stateMigrations: readonly Migration[] = [
  {
    name: "state-001",
    sql: `
      CREATE TABLE state_stacks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        tags TEXT NOT NULL,
        number INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 0,
        resources INTEGER NOT NULL DEFAULT 0,
        updated_at INTEGER,
        wrapped_key BLOB NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE state_checkpoints (
        stack_id INTEGER NOT NULL REFERENCES state_stacks (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (stack_id, version)
      ) STRICT;
      CREATE TABLE state_updates (
        id TEXT PRIMARY KEY,
        stack_id INTEGER NOT NULL REFERENCES state_stacks (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        dry_run INTEGER NOT NULL,
        who TEXT NOT NULL,
        run_id TEXT,
        status TEXT NOT NULL,
        closing TEXT,
        number INTEGER NOT NULL DEFAULT 0,
        base_version INTEGER NOT NULL DEFAULT 0,
        token_hash BLOB,
        expires_at INTEGER,
        binding TEXT,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        message TEXT NOT NULL,
        environment TEXT NOT NULL,
        config TEXT NOT NULL,
        changes TEXT,
        checkpoint TEXT
      ) STRICT;
      CREATE INDEX state_updates_by_stack ON state_updates (stack_id, number);
      CREATE UNIQUE INDEX state_updates_lease ON state_updates (stack_id)
        WHERE dry_run = 0 AND status IN ('running', 'closing');
      CREATE TABLE state_journal (
        update_id TEXT NOT NULL REFERENCES state_updates (id) ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (update_id, sequence)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE state_runs (
        run_id TEXT PRIMARY KEY,
        stack_id INTEGER NOT NULL REFERENCES state_stacks (id) ON DELETE CASCADE,
        token_hash BLOB NOT NULL UNIQUE,
        binding TEXT
      ) STRICT;
      CREATE TABLE state_refusals (
        run_id TEXT NOT NULL REFERENCES state_runs (run_id) ON DELETE CASCADE,
        urn TEXT NOT NULL,
        operation TEXT NOT NULL,
        why TEXT NOT NULL,
        PRIMARY KEY (run_id, urn, operation)
      ) STRICT;
      CREATE TABLE state_tokens (
        name TEXT PRIMARY KEY,
        token_hash BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        used_at INTEGER
      ) STRICT;
    `,
  },
  {
    name: "state-organization-001",
    sql: "CREATE TABLE state_organization (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT",
  },
  {
    name: "state-leases-001",
    sql: `
      ALTER TABLE state_updates ADD COLUMN holder TEXT;
      ALTER TABLE state_updates ADD COLUMN renewed_at INTEGER;
      ALTER TABLE state_runs ADD COLUMN about TEXT;
      ALTER TABLE state_runs ADD COLUMN holder TEXT;
      CREATE TABLE state_handwork (id TEXT PRIMARY KEY, ended_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
    `,
  },
  {
    // Keys that have no recipients are still wrapped by the file state.key: that is put right at the next start.
    // Keys outlive their stack, under its name: values in Git that they sealed do so too.
    name: "state-keys-001",
    sql: `
      CREATE TABLE state_keys (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        stack_id INTEGER REFERENCES state_stacks (id) ON DELETE SET NULL,
        former TEXT,
        id TEXT NOT NULL,
        wrapped BLOB NOT NULL,
        recipients TEXT,
        created_at INTEGER NOT NULL,
        resealed INTEGER NOT NULL DEFAULT 1
      ) STRICT;
      CREATE INDEX state_keys_by_stack ON state_keys (stack_id);
      CREATE INDEX state_keys_by_former ON state_keys (former) WHERE former IS NOT NULL;
      CREATE TRIGGER state_keys_stay BEFORE DELETE ON state_stacks BEGIN
        UPDATE state_keys SET former = OLD.name WHERE stack_id = OLD.id;
      END;
      INSERT INTO state_keys (stack_id, id, wrapped, created_at)
        SELECT id, lower(hex(randomblob(4))), wrapped_key, created_at FROM state_stacks;
      ALTER TABLE state_stacks ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
      UPDATE state_stacks SET key_id = (SELECT k.id FROM state_keys k WHERE k.stack_id = state_stacks.id);
      ALTER TABLE state_stacks DROP COLUMN wrapped_key;
      CREATE TABLE state_key_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    `,
  },
];
