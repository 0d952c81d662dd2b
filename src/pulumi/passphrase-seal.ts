/** The way back of passphrase.ts: closes values as Pulumi's passphrase secrets manager does. */
import { createCipheriv, randomBytes } from "node:crypto";
import { deriveKey } from "./passphrase.ts";

/** As pkg/secrets/passphrase/manager.go and config/crypt.go have them. */
const SALT_BYTES = 8;
const NONCE_BYTES = 12;

export interface PassphraseKey {
  /** `encryptionsalt` of a stack file, `salt` of a deployment: `v1:SALT:VERIFIER`. */
  readonly salt: string;
  /** `v1:NONCE:CIPHERTEXT`, another one each time. */
  seal(plaintext: string): string;
}

/** A new key: passphrase and a fresh salt. */
export async function newPassphraseKey(passphrase: string): Promise<PassphraseKey> {
  const salt = randomBytes(SALT_BYTES);
  const key = await deriveKey(passphrase, salt);
  const seal = (plaintext: string): string => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
  };
  return { salt: `v1:${salt.toString("base64")}:${seal("pulumi")}`, seal };
}
