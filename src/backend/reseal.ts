/** After a new data key: what older ones sealed is sealed anew, in states that are written and in those that are stored. */
import type { StateStore, StoredStack } from "../engine/ports/state-store.ts";
import { mapSecrets, sealText } from "./deployment/secrets.ts";
import { SECRET_SIGNATURE, SIGNATURE } from "./deployment/types.ts";
import type { StackCipher, StackKeys } from "./keys.ts";

export interface Resealed {
  readonly value: unknown;
  /** How many values were sealed anew. */
  readonly count: number;
}

/** What does not open (a value of another secrets manager) stays as it is. */
export function reseal(value: unknown, cipher: StackCipher): Resealed {
  let count = 0;
  const renew = (ciphertext: string): string | undefined => {
    const bytes = Buffer.from(ciphertext, "base64");
    const text = cipher.isOld(bytes) ? cipher.decrypt(bytes)?.toString("utf8") : undefined;
    if (text === undefined) return undefined;
    count += 1;
    // A value inside a secret may hold secrets of its own.
    return sealText(cipher, text.includes(SECRET_SIGNATURE) ? JSON.stringify(deep(JSON.parse(text))) : text);
  };
  const deep = (given: unknown): unknown =>
    mapSecrets(given, ({ ciphertext, plaintext }) => ({
      [SIGNATURE]: SECRET_SIGNATURE,
      ...(ciphertext !== undefined && { ciphertext: renew(ciphertext) ?? ciphertext }),
      ...(plaintext !== undefined && { plaintext }),
    }));
  const sealed = deep(value);
  return { value: sealed, count };
}

export interface ResealParts {
  readonly store: StateStore;
  readonly stackKeys: StackKeys;
}

async function resealStack({ store, stackKeys }: ResealParts, stack: StoredStack): Promise<number> {
  const cipher = await stackKeys.cipher(stack);
  if (!cipher) return 0;
  let count = 0;
  for (const version of await store.checkpointVersions(stack.id)) {
    const kept = await store.checkpoint(stack.id, version);
    if (kept?.version !== version) continue;
    const sealed = reseal(JSON.parse(kept.text), cipher);
    if (sealed.count > 0) await store.replaceCheckpoint(stack.id, version, JSON.stringify(sealed.value));
    count += sealed.count;
  }
  await store.keysResealed(stack.id, stack.keyId);
  return count;
}

/**
 * Goes over every state of the stacks whose newest key is waiting for that; answers how many values it sealed anew. It
 * can be ended and called again at any moment. An update that ends meanwhile may store values of the key before: they
 * are sealed anew when that stack's state is written next.
 */
export async function resealStored(
  parts: ResealParts,
  onStack: (done: number, all: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const waiting = (await parts.store.allKeys()).filter(key => key.pending);
  const ids = [...new Set(waiting.flatMap(({ stackId }) => stackId ?? []))];
  let values = 0;
  for (const [index, id] of ids.entries()) {
    if (signal?.aborted) break;
    const stack = await parts.store.stackById(id);
    if (stack) values += await resealStack(parts, stack);
    onStack(index + 1, ids.length);
    // A controller has more to do than this.
    await new Promise(setImmediate);
  }
  return values;
}
