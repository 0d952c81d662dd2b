/** Opens a document in place and checks it whole: nothing of it is used before the MAC has been compared. */
import { additionalData, isSealed, open } from "./cipher.ts";
import { createStash, type Stash } from "./stash.ts";
import type { SecretDocument, Slot } from "./document.ts";
import type { Leaf } from "./leaf.ts";
import { macBuilder, sameMac } from "./mac.ts";
import type { FileMetadata } from "./metadata.ts";
import { fault, good, type Fault, type Outcome } from "./outcome.ts";
import { selection, type Selects } from "./selection.ts";

export interface Opened {
  /** Values that were encrypted, for the redactor. */
  readonly secrets: readonly string[];
  readonly stash: Stash;
}

/** Where sops may have placed a comment that this reader places elsewhere; beyond these a comment stays as it is. */
const MAX_COMMENT_PLACES = 64;

const placeOf = (path: readonly string[]): string => path.join(".");

export const TAMPERED_HINT =
  "take the file from an earlier commit (git log), or have somebody with the key restore the values and encrypt it anew";

export function inTheClear(path: readonly string[]): Fault {
  return fault(
    `the value at ${placeOf(path)} should be encrypted and is not`,
    "restore the file from an earlier commit (git log), then put the value in with `holdfast secrets edit FILE`",
  );
}

/** Comments are outside of the MAC; one that does not open was never encrypted, and stays. */
function openComment(slot: Slot, key: Buffer, places: readonly (readonly string[])[], stash: Stash): void {
  const { text } = slot.get();
  if (!isSealed(text)) return;
  const own = slot.path.map((_, index) => slot.path.slice(0, slot.path.length - index));
  for (const path of [...own, [], ...places]) {
    const leaf = open(text, key, additionalData(path));
    if (leaf?.type !== "comment" || leaf.text.includes("\n")) continue;
    stash.keep(leaf, additionalData(slot.path), path.length === slot.path.length ? text : undefined);
    slot.set(leaf);
    return;
  }
}

function openValue(slot: Slot, key: Buffer, stash: Stash): Outcome<Leaf> {
  const { type, text } = slot.get();
  if (type !== "str" || (text !== "" && !isSealed(text))) return inTheClear(slot.path);
  if (text === "") return good({ type: "str", text });
  const aad = additionalData(slot.path);
  const leaf = open(text, key, aad);
  if (!leaf)
    return fault(
      `the value at ${placeOf(slot.path)} does not open with the file's key: it was changed, moved or cut`,
      TAMPERED_HINT,
    );
  stash.keep(leaf, aad, text);
  slot.set(leaf);
  return good(leaf);
}

/** Without the key: is everything that should be encrypted at least written as if it were? */
export function checkStructure(document: SecretDocument, metadata: FileMetadata): Outcome<undefined> {
  const selects = selection(metadata.rules);
  if (!selects.ok) return selects;
  for (const slot of document.slots) {
    if (slot.comment || !selects.value(slot.path)) continue;
    const { type, text } = slot.get();
    if (type !== "str" || (text !== "" && !isSealed(text))) return inTheClear(slot.path);
  }
  return isSealed(metadata.mac) ? good(undefined) : fault("its mac is damaged", TAMPERED_HINT);
}

function openSlots(
  document: SecretDocument,
  key: Buffer,
  selects: Selects,
  each: (leaf: Leaf, encrypted: boolean) => void,
  stash: Stash,
): Outcome<undefined> {
  const places = [...new Map(document.slots.map(slot => [placeOf(slot.path), slot.path])).values()];
  for (const slot of document.slots) {
    const encrypted = selects(slot.path);
    if (slot.comment) {
      if (encrypted) openComment(slot, key, places.slice(0, MAX_COMMENT_PLACES), stash);
      continue;
    }
    const leaf = encrypted ? openValue(slot, key, stash) : good(slot.get());
    if (!leaf.ok) return leaf;
    each(leaf.value, encrypted);
  }
  return good(undefined);
}

export function decryptDocument(
  document: SecretDocument,
  metadata: FileMetadata,
  key: Buffer,
): Outcome<Opened> {
  const selects = selection(metadata.rules);
  if (!selects.ok) return selects;
  const mac = macBuilder(metadata.macOnlyEncrypted);
  const secrets: string[] = [];
  const stash = createStash();
  const each = (leaf: Leaf, encrypted: boolean): void => {
    mac.add(leaf, encrypted);
    if (encrypted) secrets.push(leaf.text);
  };
  const done = openSlots(document, key, selects.value, each, stash);
  if (!done.ok) return done;
  const stored = open(metadata.mac, key, metadata.lastModified);
  if (!stored)
    return fault("its mac does not open with the file's key: mac or lastmodified was changed", TAMPERED_HINT);
  if (!sameMac(stored.text, mac.digest()))
    return fault(
      "its mac does not fit its values: values were added, removed, moved or changed",
      TAMPERED_HINT,
    );
  return good({ secrets, stash });
}
