/** From SQLite's rows to the state store's values. */
import type { SQLOutputValue } from "node:sqlite";
import type { Binding, Handwork, Holder, Refusal } from "../engine/ports/state.ts";
import type {
  StoredKey,
  StoredRun,
  StoredStack,
  StoredToken,
  StoredUpdate,
  UpdateEnd,
  UpdateStatus,
} from "../engine/ports/state-store.ts";

export type Row = Record<string, SQLOutputValue>;

const text = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== "string") throw new Error(`column ${column} holds no text`);
  return value;
};
const maybeText = (row: Row, column: string): string | undefined =>
  row[column] === null || row[column] === undefined ? undefined : text(row, column);
const number = (row: Row, column: string): number => {
  const value = row[column];
  if (typeof value !== "number") throw new Error(`column ${column} holds no number`);
  return value;
};
const maybeNumber = (row: Row, column: string): number | undefined =>
  row[column] === null || row[column] === undefined ? undefined : number(row, column);
const bytes = (row: Row, column: string): Uint8Array => {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new Error(`column ${column} holds no bytes`);
  return value;
};

/** What we wrote ourselves as JSON; its shape is the writer's type. */
const json = <T>(value: string): T => JSON.parse(value) as T;

/** Leaves out what is not there, so that optional fields stay absent. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}

export const stackOf = (row: Row): StoredStack => ({
  id: number(row, "id"),
  name: text(row, "name"),
  tags: json<Record<string, string>>(text(row, "tags")),
  number: number(row, "number"),
  version: number(row, "version"),
  resources: number(row, "resources"),
  keyId: text(row, "key_id"),
  ...present({ updatedAt: maybeNumber(row, "updated_at") }),
});

export function updateOf(row: Row): StoredUpdate {
  const binding = maybeText(row, "binding");
  const closing = maybeText(row, "closing");
  const changes = maybeText(row, "changes");
  const holder = maybeText(row, "holder");
  return {
    id: text(row, "id"),
    stackId: number(row, "stack_id"),
    kind: text(row, "kind"),
    dryRun: number(row, "dry_run") === 1,
    who: text(row, "who"),
    createdAt: number(row, "created_at"),
    message: text(row, "message"),
    environment: json<Record<string, string>>(text(row, "environment")),
    config: json<Record<string, unknown>>(text(row, "config")),
    status: text(row, "status") as UpdateStatus,
    number: number(row, "number"),
    baseVersion: number(row, "base_version"),
    ...present({
      runId: maybeText(row, "run_id"),
      expiresAt: maybeNumber(row, "expires_at"),
      renewedAt: maybeNumber(row, "renewed_at"),
      holder: holder === undefined ? undefined : json<Holder>(holder),
      startedAt: maybeNumber(row, "started_at"),
      endedAt: maybeNumber(row, "ended_at"),
      tokenHash: row.token_hash === null ? undefined : bytes(row, "token_hash"),
      binding: binding === undefined ? undefined : json<Binding>(binding),
      closing: closing === undefined ? undefined : { status: closing as UpdateEnd },
      changes: changes === undefined ? undefined : json<Record<string, number>>(changes),
    }),
  };
}

export function runOf(row: Row): StoredRun {
  const binding = maybeText(row, "binding");
  const holder = maybeText(row, "holder");
  return {
    runId: text(row, "run_id"),
    stackId: number(row, "stack_id"),
    tokenHash: bytes(row, "token_hash"),
    ...present({
      about: maybeText(row, "about"),
      holder: holder === undefined ? undefined : json<Holder>(holder),
      binding: binding === undefined ? undefined : json<Binding>(binding),
    }),
  };
}

export const handworkOf = (row: Row): Handwork => json<Handwork>(text(row, "doc"));

export const tokenOf = (row: Row): StoredToken => ({
  name: text(row, "name"),
  createdAt: number(row, "created_at"),
  tokenHash: bytes(row, "token_hash"),
  ...present({ usedAt: maybeNumber(row, "used_at") }),
});

export function keyOf(row: Row): StoredKey {
  const recipients = maybeText(row, "recipients");
  return {
    position: number(row, "position"),
    id: text(row, "id"),
    stack: text(row, "stack"),
    wrapped: bytes(row, "wrapped"),
    createdAt: number(row, "created_at"),
    pending: number(row, "resealed") === 0,
    ...present({
      stackId: maybeNumber(row, "stack_id"),
      recipients: recipients === undefined ? undefined : json<string[]>(recipients),
    }),
  };
}

export const refusalOf = (row: Row): Refusal => ({
  urn: text(row, "urn"),
  operation: text(row, "operation"),
  why: text(row, "why"),
});
