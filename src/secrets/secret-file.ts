/** One SOPS file in the hands of a person: opened with its key, sealed again, made from a plain file. */
import { newDataKey, openDataKey, wrapDataKey } from "./data-key.ts";
import type { CreationRule } from "./creation-rules.ts";
import { decryptDocument, type Opened } from "./decrypt.ts";
import type { SecretDocument } from "./document.ts";
import { encryptDocument, type SealedFile } from "./encrypt.ts";
import type { IdentitySource } from "./identities.ts";
import { newMetadata, readMetadata, type FileMetadata } from "./metadata.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { parseFile } from "./parse-file.ts";

export interface OpenFile {
  readonly document: SecretDocument;
  readonly metadata: FileMetadata;
  readonly key: Buffer;
  readonly opened: Opened;
}

export async function openFile(
  file: string,
  bytes: Buffer,
  identities: IdentitySource,
): Promise<Outcome<OpenFile>> {
  const document = parseFile(file, bytes);
  if (!document.ok) return document;
  const metadata = readMetadata(document.value.metadata);
  if (!metadata.ok) return metadata;
  const key = await openDataKey(metadata.value, await identities.load());
  if (!key.ok) return key;
  const opened = decryptDocument(document.value, metadata.value, key.value);
  if (!opened.ok) return opened;
  return good({ document: document.value, metadata: metadata.value, key: key.value, opened: opened.value });
}

/** A document without a `sops` part, which is what a person writes. */
export function parsePlain(file: string, bytes: Buffer): Outcome<SecretDocument> {
  const document = parseFile(file, bytes);
  if (!document.ok) return document;
  if (document.value.metadata)
    return fault(
      "it has a sops part: it is encrypted already",
      "change it with `holdfast secrets edit FILE`",
    );
  return document;
}

/** Seals an edited text with the file's own key and recipients; what was left alone keeps its ciphertext. */
export function sealAgain(document: SecretDocument, file: OpenFile, now: Date): Outcome<SealedFile> {
  const { metadata, key, opened } = file;
  return encryptDocument(document, {
    key,
    rules: metadata.rules,
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    metadata: metadata.raw,
    now,
    stash: opened.stash,
  });
}

/** Seals a document with a new key for the rule's recipients. */
export async function sealNew(
  document: SecretDocument,
  rule: CreationRule,
  now: Date,
): Promise<Outcome<SealedFile>> {
  const key = newDataKey();
  const wrapped = await wrapDataKey(key, rule.recipients);
  if (!wrapped.ok) return wrapped;
  const { rules, macOnlyEncrypted } = rule;
  return encryptDocument(document, {
    key,
    rules,
    macOnlyEncrypted,
    metadata: newMetadata(wrapped.value, rules, macOnlyEncrypted),
    now,
  });
}
