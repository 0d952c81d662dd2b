/** Each stack has a random data key; the store keeps it wrapped by a master key that is not in the store. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { StoredStack } from "../engine/ports/state-store.ts";
import { KEY_BYTES, seal, unseal } from "./sealing.ts";

export interface KeyWrapper {
  wrap(key: Uint8Array): Promise<Uint8Array>;
  /** Undefined where this master key did not wrap it. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Only its owner may read the master key. */
const KEY_MODE = 0o600;

function readOrMake(file: string): Uint8Array {
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    return readFileSync(file);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") throw error;
  }
  // Written aside and linked: two processes that start at once end with one whole key.
  writeFileSync(fresh, randomBytes(KEY_BYTES), { mode: KEY_MODE, flag: "wx", flush: true });
  try {
    linkSync(fresh, file);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return readFileSync(file);
}

/** The master key is a file of 32 random bytes; made where it is missing. Without it no secret of any stack can be read. */
export function createFileKeyWrapper(file: string): KeyWrapper {
  const master = readOrMake(file);
  if (master.length !== KEY_BYTES)
    throw new Error(`${file} is not a key of ${KEY_BYTES} bytes: restore it from a backup`);
  return {
    wrap: async key => seal(master, key),
    unwrap: async wrapped => unseal(master, wrapped),
  };
}

/** Encrypts and decrypts for one stack. */
export interface StackCipher {
  encrypt(plaintext: Uint8Array): Buffer;
  /** Undefined where it was not encrypted for this stack. */
  decrypt(ciphertext: Uint8Array): Buffer | undefined;
}

export interface StackKeys {
  newWrappedKey(): Promise<Uint8Array>;
  /** Undefined where the master key is not the one that wrapped this stack's key. */
  cipher(stack: StoredStack): Promise<StackCipher | undefined>;
}

export function createStackKeys(keys: KeyWrapper): StackKeys {
  // A stack's id is never used again and its key never changes, so what is here stays true.
  const known = new Map<number, StackCipher>();
  return {
    newWrappedKey: () => keys.wrap(randomBytes(KEY_BYTES)),
    cipher: async stack => {
      const cached = known.get(stack.id);
      if (cached) return cached;
      const key = await keys.unwrap(stack.wrappedKey);
      if (!key) return undefined;
      const cipher: StackCipher = {
        encrypt: plaintext => seal(key, plaintext),
        decrypt: ciphertext => unseal(key, ciphertext),
      };
      known.set(stack.id, cipher);
      return cipher;
    },
  };
}
