/** Time, as the engine sees it; tests inject their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after `ms`; answers a function that calls it off. */
  after(ms: number, callback: () => void): () => void;
  /** 0 <= n < 1, for jitter. */
  random(): number;
}
