/** Work side by side with a bound; what takes long counts less, so that it does not hold up the rest. */

export interface Slots {
  /** Begins when it is its turn. */
  inTurn(work: () => Promise<void>): Promise<void>;
}

export interface SlotLimits {
  readonly atOnce: number;
  /** What takes longer does not count among those any more. */
  readonly slowMs: number;
  /** But among these it does. Default: no limit. */
  readonly most?: number;
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

export function createSlots({ atOnce, slowMs, most = Infinity }: SlotLimits): Slots {
  const waiting: (() => void)[] = [];
  /** Those that count, and all. */
  let [busy, all] = [0, 0];

  /** Whoever waits longest is next. */
  function wake(): void {
    while (busy < atOnce && all < most) {
      const next = waiting.shift();
      if (!next) return;
      busy += 1;
      all += 1;
      next();
    }
  }

  return {
    async inTurn(work) {
      await new Promise<void>(resolve => {
        waiting.push(resolve);
        wake();
      });
      const giveBack = once(() => {
        busy -= 1;
        wake();
      });
      const timer = setTimeout(giveBack, slowMs);
      try {
        await work();
      } finally {
        clearTimeout(timer);
        all -= 1;
        giveBack();
        wake();
      }
    },
  };
}
