/** `ENC[AES256_GCM,…]` (sops v3.13 aes/cipher.go): AES-256-GCM, the path of the value as additional data. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { isCanonical, isLeafType, type Leaf } from "./leaf.ts";

const ALGORITHM = "aes-256-gcm";
/** What sops writes; what it reads may be any length that GCM takes. */
const IV_BYTES = 32;
/** Shorter than 12 is no nonce that any version wrote; longer than 64 neither. */
const IV_BOUNDS = { min: 12, max: 64 };
const TAG_BYTES = 16;
const FORM =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/;

interface Sealed {
  readonly data: Buffer;
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly type: string;
}

/** Base64 as an encoder writes it: unused bits are zero, so that no byte of it can be changed unseen. */
function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function parse(text: string): Sealed | undefined {
  const [, data64 = "", iv64 = "", tag64 = "", type = ""] = FORM.exec(text) ?? [];
  const data = strictBase64(data64);
  const iv = strictBase64(iv64);
  const tag = strictBase64(tag64);
  if (!data?.length || !iv || !tag || tag.length !== TAG_BYTES) return undefined;
  if (iv.length < IV_BOUNDS.min || iv.length > IV_BOUNDS.max) return undefined;
  return { data, iv, tag, type };
}

export const isSealed = (text: string): boolean => parse(text) !== undefined;

/** Additional data of a value: its map keys; list positions are not in it. */
export const additionalData = (path: readonly string[]): string => `${path.join(":")}:`;

function openBytes({ data, iv, tag }: Sealed, key: Buffer, aad: string): Buffer | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad)).setAuthTag(tag);
  const start = decipher.update(data);
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    // node:crypto tells a wrong tag by throwing from final(); there is no other cause.
    return undefined;
  }
}

/** Opens one value; undefined where it was not sealed with this key for this place, or its type does not fit its text. */
export function open(text: string, key: Buffer, aad: string): Leaf | undefined {
  const sealed = parse(text);
  if (!sealed || !isLeafType(sealed.type)) return undefined;
  const bytes = openBytes(sealed, key, aad);
  if (!bytes) return undefined;
  const opened = bytes.toString("utf8");
  const leaf: Leaf = { type: sealed.type, text: opened };
  return Buffer.from(opened).equals(bytes) && isCanonical(leaf) ? leaf : undefined;
}

/** Seals one value with a fresh nonce; an empty text stays empty, as sops has it. */
export function seal(leaf: Leaf, key: Buffer, aad: string): string {
  if (leaf.text === "") return "";
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad));
  const data = Buffer.concat([cipher.update(leaf.text, "utf8"), cipher.final()]);
  const [data64, iv64, tag64] = [data, iv, cipher.getAuthTag()].map(bytes => bytes.toString("base64"));
  return `ENC[AES256_GCM,data:${data64},iv:${iv64},tag:${tag64},type:${leaf.type}]`;
}
