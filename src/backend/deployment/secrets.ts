/** Secrets inside a deployment: `{ signature, ciphertext }`, where the plaintext is the value's JSON. */
import type { StackCipher } from "../keys.ts";
import { SECRET_SIGNATURE, SIGNATURE, isObject } from "./types.ts";

export type SecretMapper = (secret: { readonly ciphertext?: string; readonly plaintext?: string }) => unknown;

/** Replaces every secret in a value; what holds none is given back as it is. */
export function mapSecrets(value: unknown, map: SecretMapper): unknown {
  if (Array.isArray(value)) return value.map(item => mapSecrets(item, map));
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET_SIGNATURE) {
    const { ciphertext, plaintext } = value;
    return map({
      ...(typeof ciphertext === "string" && ciphertext !== "" && { ciphertext }),
      ...(typeof plaintext === "string" && { plaintext }),
    });
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSecrets(item, map)]));
}

/** The value's JSON; undefined where another stack or another secrets manager encrypted it. */
export function openText(cipher: StackCipher, ciphertext: string): string | undefined {
  return cipher.decrypt(Buffer.from(ciphertext, "base64"))?.toString("utf8");
}

export const sealText = (cipher: StackCipher, plaintext: string): string =>
  cipher.encrypt(Buffer.from(plaintext)).toString("base64");

/** Collects all ciphertexts of a value. */
export function ciphertextsOf(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  mapSecrets(value, ({ ciphertext }) => {
    if (ciphertext !== undefined) found.add(ciphertext);
    return undefined;
  });
  return found;
}
