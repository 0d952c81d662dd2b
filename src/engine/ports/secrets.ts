/** Secrets of the repository, in memory only. */
import type { Result } from "../failure.ts";

/** A file's content after decryption: maps, lists, strings, numbers, booleans, null. */
export type SecretTree = { readonly [key: string]: unknown };

export interface SecretReader {
  /** Decrypts these files (paths relative to `root`) and lays them over each other, later ones win. Every value is registered with the redactor. Failures: secret-unreadable. */
  read(root: string, files: readonly string[]): Promise<Result<SecretTree>>;
}

export interface Redactor {
  /** Registers a value; also its base64, JSON and URL forms. Short values (under 6 characters) are not kept. */
  add(value: string): void;
  redact(text: string): string;
}
