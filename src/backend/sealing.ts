/**
 * AES-256-GCM with a random nonce. Sealed: one version byte, the key's id (4 bytes), 12 bytes of nonce, ciphertext,
 * 16 bytes of tag; version and id are authenticated. Version 1, which older holdfasts wrote, has no id.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const WITHOUT_ID = 1;
const WITH_ID = 2;
const ID = 4;
const NONCE = 12;
const TAG = 16;
export const KEY_BYTES = 32;

/** A key and the name that stands in what it sealed: 8 hexadecimal digits. */
export interface NamedKey {
  readonly id: string;
  readonly key: Uint8Array;
}

export const newKeyId = (): string => randomBytes(ID).toString("hex");

const headOf = (id: string): Buffer => Buffer.concat([Buffer.of(WITH_ID), Buffer.from(id, "hex")]);

/** The id of the key that sealed it; undefined where none stands in it. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  if (sealed[0] !== WITH_ID || sealed.length < 1 + ID + NONCE + TAG) return undefined;
  return Buffer.from(sealed.subarray(1, 1 + ID)).toString("hex");
}

export function seal({ id, key }: NamedKey, plaintext: Uint8Array): Buffer {
  const head = headOf(id);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(head);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

/** Undefined where it was not sealed with this key, or was changed since. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed);
  const head = bytes[0] === WITH_ID ? 1 + ID : 1;
  if (bytes.length < head + NONCE + TAG || (bytes[0] !== WITH_ID && bytes[0] !== WITHOUT_ID))
    return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(head, head + NONCE));
  if (bytes[0] === WITH_ID) decipher.setAAD(bytes.subarray(0, head));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
  try {
    const body = bytes.subarray(head + NONCE, bytes.length - TAG);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    // The only thing that final() can say: the tag does not fit.
    return undefined;
  }
}
