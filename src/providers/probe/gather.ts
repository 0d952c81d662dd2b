/** What comes close together goes together: a thousand small messages between processes cost more than a few. */

export interface Gather<T> {
  readonly add: (value: T) => void;
  /** What is there now; nothing is sent where there is nothing. */
  readonly flush: () => void;
}

/** Sends at the end of the turn in which something came. */
export function gather<T>(send: (values: readonly T[]) => void): Gather<T> {
  let waiting: T[] = [];
  const flush = (): void => {
    const now = waiting;
    waiting = [];
    if (now.length > 0) send(now);
  };
  return {
    flush,
    add(value) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(value);
    },
  };
}
