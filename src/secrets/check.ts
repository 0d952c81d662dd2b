/** Looks over secrets files: can they be opened, is their MAC right, is anything in the clear that should not be. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { isSealed } from "./cipher.ts";
import { checkStructure, decryptDocument } from "./decrypt.ts";
import type { SecretDocument } from "./document.ts";
import { openDataKey } from "./data-key.ts";
import { readExisting } from "./file-access.ts";
import type { Identities } from "./identities.ts";
import { readMetadata } from "./metadata.ts";
import { fault, type Outcome } from "./outcome.ts";
import { parseFile } from "./parse-file.ts";

export interface CheckedFile {
  readonly file: string;
  readonly ok: boolean;
  /** `full`: opened, MAC compared. `structure`: no key was there, so only the form was looked at. */
  readonly level: "full" | "structure";
  readonly recipients: readonly string[];
  readonly why?: string;
  readonly hint?: string;
}

/** A secrets folder that has more files than this is not one. */
const MAX_FILES = 5_000;

/** All files of a folder, sorted; `.sops.yaml` holds rules and no secrets. */
export async function secretFilesIn(folder: string): Promise<Outcome<readonly string[]>> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter(entry => !entry.isDirectory() && entry.name !== ".sops.yaml")
      .map(entry => path.join(entry.parentPath, entry.name));
    if (files.length > MAX_FILES) return fault(`there are more than ${MAX_FILES} files in ${folder}`);
    return { ok: true, value: files.toSorted() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return code === "ENOENT" || code === "ENOTDIR"
      ? fault(
          `there is no folder ${folder}`,
          "name the files to check, or run it at the top of the repository",
        )
      : fault(`${folder} could not be read: ${code}`);
  }
}

function nothingEncrypted(document: SecretDocument, sealedBefore: number): Outcome<undefined> {
  const values = document.slots.filter(slot => !slot.comment && slot.get().text !== "");
  return values.length > 0 && sealedBefore === 0
    ? fault(
        "none of its values is encrypted: its rule selects nothing",
        "correct the rule in .sops.yaml, then `holdfast secrets rotate FILE`",
      )
    : { ok: true, value: undefined };
}

export async function checkFile(file: string, identities: Identities): Promise<CheckedFile> {
  const level = identities.keys.length > 0 ? "full" : "structure";
  const result = (outcome: Outcome<unknown>, recipients: readonly string[] = []): CheckedFile => {
    const seen = { file, ok: outcome.ok, level, recipients } as const;
    if (outcome.ok) return seen;
    return { ...seen, why: outcome.why, ...(outcome.hint === undefined ? {} : { hint: outcome.hint }) };
  };
  const bytes = await readExisting(file);
  if (!bytes.ok) return result(bytes);
  const document = parseFile(file, bytes.value);
  if (!document.ok) return result(document);
  const metadata = readMetadata(document.value.metadata);
  if (!metadata.ok) return result(metadata);
  const recipients = metadata.value.age.map(key => key.recipient);
  const sealed = document.value.slots.filter(slot => !slot.comment && isSealed(slot.get().text)).length;
  const structure = checkStructure(document.value, metadata.value);
  if (!structure.ok) return result(structure, recipients);
  const something = nothingEncrypted(document.value, sealed);
  if (!something.ok || level === "structure") return result(something, recipients);
  const key = await openDataKey(metadata.value, identities);
  return result(key.ok ? decryptDocument(document.value, metadata.value, key.value) : key, recipients);
}
