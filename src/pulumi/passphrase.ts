/**
 * `secure:` values under a passphrase, as Pulumi writes them: AES-256-GCM with a key that PBKDF2-SHA256 makes in a
 * million rounds out of passphrase and salt. `encryptionsalt` is `v1:SALT:VERIFIER`, the verifier being the word
 * "pulumi" encrypted. Behaviour as in pkg/secrets/passphrase/manager.go and config/crypt.go of 3.259.0.
 */
import { createDecipheriv, createHash, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Derived keys kept in memory: one for each stack file's salt, a quarter of a second each. */
const MAX_KEYS = 1000;

const pbkdf2Async = promisify(pbkdf2);

/** The key that a passphrase and a salt make; a quarter of a second of work. */
export const deriveKey = (passphrase: string, salt: Uint8Array): Promise<Buffer> =>
  pbkdf2Async(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");

/** Opens `v1:NONCE:CIPHERTEXT`; undefined where it is malformed, forged, or under another key. */
function openWith(key: Uint8Array, value: string): string | undefined {
  const [version, nonce64, sealed64, ...rest] = value.split(":");
  if (version !== "v1" || nonce64 === undefined || sealed64 === undefined || rest.length > 0)
    return undefined;
  const nonce = Buffer.from(nonce64, "base64");
  const sealed = Buffer.from(sealed64, "base64");
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const opened = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString("utf8");
  } catch {
    return undefined; // the tag does not fit
  }
}

export type Opened =
  | { readonly ok: true; open(ciphertext: string): string | undefined }
  | { readonly ok: false; readonly why: string };

/** Makes an opener for a passphrase and the `encryptionsalt` of a stack file; keys are remembered in memory. */
export function passphraseKeys(): (passphrase: string, encryptionSalt: string) => Promise<Opened> {
  const keys = new Map<string, Promise<Uint8Array>>();
  const keyOf = (passphrase: string, salt: Buffer): Promise<Uint8Array> => {
    const name = createHash("sha256").update(salt).update("\0").update(passphrase).digest("hex");
    const known = keys.get(name);
    if (known) return known;
    const derived = deriveKey(passphrase, salt);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(name, derived);
    return derived;
  };
  return async (passphrase, encryptionSalt) => {
    const [version, salt64, ...verifier] = encryptionSalt.split(":");
    if (version !== "v1" || salt64 === undefined || verifier.length !== 3)
      return { ok: false, why: "`encryptionsalt` is malformed" };
    const key = await keyOf(passphrase, Buffer.from(salt64, "base64"));
    if (openWith(key, verifier.join(":")) !== "pulumi") return { ok: false, why: "the passphrase is wrong" };
    return { ok: true, open: ciphertext => openWith(key, ciphertext) };
  };
}
