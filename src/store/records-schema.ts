/** Tables of the records: one JSON document a row, and only the columns that something is found or sorted by. */
import type { Migration } from "./database.ts";

export const recordsMigrations: readonly Migration[] = [
  {
    name: "records-001",
    sql: `
      CREATE TABLE stack_status (
        stack TEXT PRIMARY KEY,
        doc TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Plan and log are apart from doc: they are big, lists do without them, and plans go before their runs do.
      -- quiet: a scheduled check that found nothing; there are many, and they must not push the others out.
      CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        stack TEXT NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        quiet INTEGER NOT NULL DEFAULT 0,
        doc TEXT NOT NULL,
        plan TEXT,
        log TEXT
      ) STRICT;
      CREATE INDEX runs_by_stack ON runs (stack, quiet, started DESC, id DESC);
      CREATE INDEX runs_by_start ON runs (started DESC, id DESC);
      CREATE INDEX runs_unfinished ON runs (started) WHERE ended IS NULL;

      CREATE TABLE drift (
        stack TEXT NOT NULL,
        urn TEXT NOT NULL,
        since INTEGER NOT NULL,
        ended INTEGER,
        doc TEXT NOT NULL,
        PRIMARY KEY (stack, urn, since)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX drift_ended ON drift (stack, ended DESC) WHERE ended IS NOT NULL;

      CREATE TABLE approvals (
        stack TEXT NOT NULL,
        digest TEXT NOT NULL,
        doc TEXT NOT NULL,
        PRIMARY KEY (stack, digest)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE pauses (stack TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE first_applies (
        stack TEXT PRIMARY KEY,
        allowed_by TEXT NOT NULL,
        allowed_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE processes (pid INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;
    `,
  },
];
