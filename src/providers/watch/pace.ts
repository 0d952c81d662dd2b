/** Many tells in a row become few: the first goes on at once, what comes soon after it goes on later, once. */

/** Between two that go on, at least: whoever writes without end is looked at twice a second. */
export const GAP_MS = 500;

export interface Pace {
  readonly heard: () => void;
  /** Nothing goes on any more. */
  readonly stop: () => void;
}

/** What is heard always goes on, if late: nothing that is told last is lost. */
export function createPace(tell: () => void, now = (): number => performance.now()): Pace {
  let last = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function pass(): void {
    timer = undefined;
    last = now();
    tell();
  }

  return {
    heard() {
      if (timer || stopped) return;
      const wait = last + GAP_MS - now();
      if (wait <= 0) pass();
      else timer = setTimeout(pass, wait);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
