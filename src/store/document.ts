/** JSON documents in columns. */
import type { SQLOutputValue } from "node:sqlite";

export type Row = Record<string, SQLOutputValue>;

/**
 * Reads a document back as the type that it was written from. No check: nobody but this store writes the column,
 * and a change of shape comes with a migration.
 */
export function readDocument<T>(row: Row, column = "doc"): T {
  const text = row[column];
  if (typeof text !== "string") throw new Error(`column ${column} holds no document`);
  return JSON.parse(text) as T;
}

/** Several at once, in order. */
export const readDocuments = <T>(rows: readonly Row[]): T[] => rows.map(row => readDocument<T>(row));
