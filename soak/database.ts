/** What holdfast has on record, read beside it from its own file. */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface Status {
  readonly stack: string;
  readonly attempted?: { readonly sha: string };
  readonly deployed?: { readonly sha: string };
  readonly failure?: { readonly kind: string; readonly reason: string };
  readonly retryAt?: number;
  readonly touchedAt?: number;
}

export interface Run {
  readonly id: string;
  readonly stack: string;
  readonly revision?: { readonly sha: string };
  readonly outcome?: string;
  readonly endedAt?: number;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly delete?: boolean;
}

export interface State {
  readonly resources?: readonly StateResource[];
  readonly pending_operations?: readonly unknown[];
}

export interface Book {
  statuses(): readonly Status[];
  runs(): readonly Run[];
  /** The newest checkpoint of a stack. */
  state(stack: string): State | undefined;
  /** Numbers of the updates of each stack, from the oldest on. */
  numbers(): ReadonlyMap<string, readonly number[]>;
  /** Rows of a table (and its condition). */
  count(what: string): number;
  /** "ok", or what SQLite found. */
  check(): string;
}

/** What the columns hold is written by nobody but holdfast. */
const parsed = <T>(row: Record<string, unknown> | undefined, column: string): T | undefined =>
  typeof row?.[column] === "string" ? (JSON.parse(row[column]) as T) : undefined;

function bookOf(db: DatabaseSync): Book {
  const docs = <T>(sql: string): T[] =>
    db
      .prepare(sql)
      .all()
      .flatMap(row => parsed<T>(row, "doc") ?? []);
  return {
    statuses: () => docs<Status>("SELECT doc FROM stack_status"),
    runs: () => docs<Run>("SELECT doc FROM runs"),
    state(stack) {
      const sql = `SELECT c.text FROM state_checkpoints c JOIN state_stacks s ON s.id = c.stack_id
        WHERE s.name = ? ORDER BY c.version DESC LIMIT 1`;
      return parsed<{ deployment?: State }>(db.prepare(sql).get(stack), "text")?.deployment;
    },
    numbers() {
      const sql = `SELECT s.name, u.number FROM state_updates u JOIN state_stacks s ON s.id = u.stack_id
        WHERE u.dry_run = 0 AND u.number > 0 ORDER BY s.name, u.number`;
      const rows = db.prepare(sql).all();
      const names = Map.groupBy(rows, ({ name }) => String(name));
      return new Map([...names].map(([name, list]) => [name, list.map(({ number }) => Number(number))]));
    },
    count: what => Number(db.prepare(`SELECT count(*) AS n FROM ${what}`).get()?.["n"]),
    check: () => String(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]),
  };
}

export function readBook<T>(data: string, look: (book: Book) => T): T {
  const db = new DatabaseSync(path.join(data, "holdfast.db"), { readOnly: true, timeout: 10_000 });
  try {
    return look(bookOf(db));
  } finally {
    db.close();
  }
}
