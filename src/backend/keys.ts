/**
 * Each stack has random data keys: the newest one seals, all of them open, because values in Git (`secure:` of
 * Pulumi.<stack>.yaml) may be as old as the stack. The store keeps them wrapped with age.
 */
import { randomBytes } from "node:crypto";
import type { Sealer } from "../engine/ports/sealer.ts";
import type { NewKey, StateStore, StoredStack, WrappedKey } from "../engine/ports/state-store.ts";
import { KEY_BYTES, keyIdOf, newKeyId, seal, unseal, type NamedKey } from "./sealing.ts";

export interface KeyWrapper {
  /** For everybody who can open this data folder's keys. */
  wrap(key: Uint8Array): Promise<WrappedKey>;
  /** Undefined where none of our age keys opens it, or it is damaged. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | undefined>;
}

/** The reason why a stack's secrets stay closed, and the way out. */
export const LOST_KEY = "none of the age keys that are here opens its data key, or the data key is damaged";
export const RESTORE_KEY =
  "`holdfast keys list` names the age keys that open it: put one of them where holdfast looks (docs/secrets.md)";

/** Wraps for the recipients that the data folder remembers (key-ring.ts sets them at start). */
export function createAgeKeyWrapper(sealer: Sealer, store: Pick<StateStore, "keyRecipients">): KeyWrapper {
  return {
    async wrap(key) {
      const recipients = await store.keyRecipients();
      return wrapFor(sealer, recipients, key);
    },
    unwrap: wrapped => sealer.open(wrapped),
  };
}

/** `recipients` were checked when they were taken, so a refusal is a bug. */
export async function wrapFor(
  sealer: Sealer,
  recipients: readonly string[],
  key: Uint8Array,
): Promise<WrappedKey> {
  const sealed = await sealer.seal(recipients, key);
  if (!sealed.ok) throw new Error(`a data key cannot be wrapped: ${JSON.stringify(sealed.failure)}`);
  return { wrapped: sealed.value, recipients };
}

export const newDataKey = (): NamedKey => ({ id: newKeyId(), key: randomBytes(KEY_BYTES) });

/** Encrypts and decrypts for one stack. */
export interface StackCipher {
  /** With the newest key. */
  encrypt(plaintext: Uint8Array): Buffer;
  /** Undefined where it was not encrypted for this stack. */
  decrypt(ciphertext: Uint8Array): Buffer | undefined;
  /** Whether the stack has older keys, so that something may be encrypted with one. */
  readonly rotated: boolean;
  /** Whether it was encrypted with another key than the newest. */
  isOld(ciphertext: Uint8Array): boolean;
}

/** `older` newest first. */
export function createCipher(newest: NamedKey, older: readonly NamedKey[]): StackCipher {
  const all = [newest, ...older];
  return {
    encrypt: plaintext => seal(newest, plaintext),
    decrypt(ciphertext) {
      const id = keyIdOf(ciphertext);
      for (const { key } of id === undefined ? all : all.filter(one => one.id === id)) {
        const opened = unseal(key, ciphertext);
        if (opened) return opened;
      }
      return undefined;
    },
    rotated: older.length > 0,
    isOld: ciphertext => keyIdOf(ciphertext) !== newest.id,
  };
}

export interface StackKeys {
  newKey(): Promise<NewKey>;
  /** Undefined where the stack's newest key cannot be unwrapped. */
  cipher(stack: StoredStack): Promise<StackCipher | undefined>;
}

export function createStackKeys(keys: KeyWrapper, store: Pick<StateStore, "keysOf">): StackKeys {
  // Keys of a stack are only ever added, and a stack's id is never used again: its newest key's id tells whether we know all.
  const known = new Map<number, { readonly keyId: string; readonly cipher: StackCipher }>();
  async function open(stack: StoredStack): Promise<StackCipher | undefined> {
    const opened: NamedKey[] = [];
    for (const { id, wrapped } of await store.keysOf(stack.id)) {
      const key = await keys.unwrap(wrapped);
      if (key?.length === KEY_BYTES) opened.push({ id, key });
      else if (opened.length === 0) return undefined;
    }
    const [newest, ...older] = opened;
    return newest && createCipher(newest, older);
  }
  return {
    newKey: async () => {
      const { id, key } = newDataKey();
      return { id, ...(await keys.wrap(key)) };
    },
    cipher: async stack => {
      const cached = known.get(stack.id);
      if (cached?.keyId === stack.keyId) return cached.cipher;
      const cipher = await open(stack);
      if (cipher) known.set(stack.id, { keyId: stack.keyId, cipher });
      return cipher;
    },
  };
}
