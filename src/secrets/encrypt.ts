/** Seals a document in place and answers the file's text. */
import { additionalData, seal } from "./cipher.ts";
import type { Metadata, SecretDocument } from "./document.ts";
import { textLeaf } from "./leaf.ts";
import { macBuilder } from "./mac.ts";
import { good, type Outcome } from "./outcome.ts";
import { selection, type Rules } from "./selection.ts";
import type { Stash } from "./stash.ts";

export interface Sealing {
  readonly key: Buffer;
  readonly rules: Rules;
  readonly macOnlyEncrypted: boolean;
  /** Recipients, rules and version; `lastmodified` and `mac` are replaced. */
  readonly metadata: Metadata;
  readonly now: Date;
  readonly stash?: Stash;
}

export interface SealedFile {
  readonly text: string;
  /** How many values are encrypted. */
  readonly encrypted: number;
}

export function encryptDocument(document: SecretDocument, sealing: Sealing): Outcome<SealedFile> {
  const { key, stash } = sealing;
  const selects = selection(sealing.rules);
  if (!selects.ok) return selects;
  const mac = macBuilder(sealing.macOnlyEncrypted);
  let count = 0;
  for (const slot of document.slots) {
    const leaf = slot.get();
    const encrypted = selects.value(slot.path);
    mac.add(leaf, encrypted);
    if (!encrypted) continue;
    const aad = additionalData(slot.path);
    const text = stash?.take(leaf, aad) ?? seal(leaf, key, aad);
    slot.set(slot.comment ? { type: "comment", text } : textLeaf(text));
    if (!slot.comment) count += 1;
  }
  const lastmodified = sealing.now.toISOString().replace(/\.\d+Z$/, "Z");
  const sealedMac = seal(textLeaf(mac.digest()), key, lastmodified);
  return good({
    text: document.text({ ...sealing.metadata, lastmodified, mac: sealedMac }),
    encrypted: count,
  });
}
