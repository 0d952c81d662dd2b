/** A seeded generator: the same seed makes the same choices, though not at the same microseconds. */

export interface Random {
  /** 0 <= n < 1. */
  next(): number;
  /** A whole number, from and to included. */
  between(from: number, to: number): number;
  /** With the probability given. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T | undefined;
  /** One whose weight decides how often. */
  weighted<T extends { readonly weight: number }>(list: readonly T[]): T | undefined;
}

/** mulberry32: 32 bits of state are plenty for choices. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: probability => next() < probability,
    pick: list => list[Math.floor(next() * list.length)],
    weighted(list) {
      let left = next() * list.reduce((sum, { weight }) => sum + weight, 0);
      return list.find(({ weight }) => (left -= weight) < 0);
    },
  };
}
