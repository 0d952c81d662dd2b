/** Work side by side with a bound; what takes long does not count any more, so that it does not hold up the rest. */

export interface Slots {
  /** Begins when it is its turn. */
  inTurn(work: () => Promise<void>): Promise<void>;
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

export function createSlots(atOnce: number, slowMs: number): Slots {
  const waiting: (() => void)[] = [];
  let busy = 0;

  /** Whoever waits longest has the slot next. */
  function giveBack(): void {
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }

  return {
    async inTurn(work) {
      if (busy >= atOnce) await new Promise<void>(resolve => waiting.push(resolve));
      else busy += 1;
      const end = once(giveBack);
      const timer = setTimeout(end, slowMs);
      try {
        await work();
      } finally {
        clearTimeout(timer);
        end();
      }
    },
  };
}
