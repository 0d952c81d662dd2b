/** Where backups are kept. Each kind of target is a file of its own. */
import type { Readable } from "node:stream";
import type { BackupName } from "./name.ts";

/** What an operation on a target answers; the text says what happened, the hint what to do. Never holds a credential. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string; readonly hint?: string };

export const good = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const fault = (why: string, hint?: string): { ok: false; why: string; hint?: string } =>
  hint === undefined ? { ok: false, why } : { ok: false, why, hint };

export interface StoredBackup extends BackupName {
  /** Bytes in the target. */
  readonly size: number;
}

export interface BackupTarget {
  /** For people: a path, `s3://bucket/prefix`, or the repository and its ref. */
  readonly where: string;
  /** Puts a finished file there under this name, whole or not at all. */
  put(name: string, file: string): Promise<Outcome<void>>;
  /** In no order; other things that lie there are left out. */
  list(): Promise<Outcome<readonly StoredBackup[]>>;
  read(name: string): Promise<Outcome<Readable>>;
  /** One that is gone already is no fault. */
  remove(names: readonly string[]): Promise<Outcome<void>>;
}

/** A target as a person writes it. */
export type TargetAddress =
  | { readonly kind: "git" }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "folder"; readonly folder: string };

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** `git`, `s3://bucket/prefix`, else a path; undefined where it begins like one of these and is none. */
export function parseTarget(text: string): TargetAddress | undefined {
  if (text === "git") return { kind: "git" };
  const [, bucket, prefix = ""] = S3.exec(text) ?? [];
  if (bucket !== undefined) return { kind: "s3", bucket, prefix: prefix.replace(/^\/+|\/+$/g, "") };
  if (text === "" || /^[a-z0-9+.-]+:\/\//i.test(text)) return undefined;
  return { kind: "folder", folder: text };
}
