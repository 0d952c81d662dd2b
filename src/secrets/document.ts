/** A secrets file as its values and comments in document order, whatever its format. Setting them changes the document. */
import type { SecretTree } from "../engine/ports/secrets.ts";
import type { Leaf } from "./leaf.ts";
import { fault, type Outcome } from "./outcome.ts";
import { MAX_MATCHED } from "./pattern.ts";

export interface Slot {
  readonly comment: boolean;
  /** Map keys from the root; list positions are not counted. A comment has the path of the map or list that it stands in. */
  readonly path: readonly string[];
  get(): Leaf;
  set(leaf: Leaf): void;
}

/** Text, booleans, lists and maps: what the `sops` part of a file holds. */
export type Metadata = { readonly [key: string]: unknown };

export interface SecretDocument {
  readonly slots: readonly Slot[];
  /** The `sops` part as it stands in the file; undefined where there is none. */
  readonly metadata: Metadata | undefined;
  /** The values, without the `sops` part. */
  tree(): SecretTree;
  /** The file's text, with this `sops` part or without one. */
  text(metadata?: Metadata): string;
}

export type Format = "yaml" | "json" | "env";

/** By the name's ending, as sops decides. */
export function formatOf(file: string): Format | undefined {
  if (/\.ya?ml$/.test(file)) return "yaml";
  if (file.endsWith(".json")) return "json";
  return file.endsWith(".env") ? "env" : undefined;
}

/** Deeper nesting is no config; the walk is recursive. */
export const MAX_DEPTH = 64;
/** More values than any secrets file has. */
export const MAX_VALUES = 50_000;

/** Keys that JavaScript objects treat in a special way are refused rather than half kept. */
export function checkKey(key: string): Outcome<undefined> {
  if (key === "__proto__") return fault("the key __proto__ is not allowed");
  if (key.length > MAX_MATCHED) return fault(`a key is longer than ${MAX_MATCHED} characters`);
  return { ok: true, value: undefined };
}
