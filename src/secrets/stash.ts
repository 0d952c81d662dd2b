/** Remembers how a value was sealed, so that one which an edit left alone keeps its ciphertext and the diff stays small. */
import type { Leaf } from "./leaf.ts";

export interface Stash {
  keep(leaf: Leaf, aad: string, sealed: string | undefined): void;
  /** The former ciphertext of this value at this place; each is given out once, in order, and the last one again. */
  take(leaf: Leaf, aad: string): string | undefined;
}

export function createStash(): Stash {
  const kept = new Map<string, string[]>();
  const keyOf = (leaf: Leaf, aad: string): string => JSON.stringify([aad, leaf.type, leaf.text]);
  return {
    keep(leaf, aad, sealed) {
      if (sealed === undefined) return;
      const key = keyOf(leaf, aad);
      kept.set(key, [...(kept.get(key) ?? []), sealed]);
    },
    take(leaf, aad) {
      const sealed = kept.get(keyOf(leaf, aad));
      return sealed && sealed.length > 1 ? sealed.shift() : sealed?.[0];
    },
  };
}
