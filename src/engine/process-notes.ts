/**
 * Which processes live, on record, so that the next life of a dead daemon can end them. What cannot be written now (a
 * full disk) is written when it can: a process that has long ended must not stay on record.
 */
import type { EventListener } from "./event.ts";
import type { Clock } from "./ports/clock.ts";
import type { LiveProcess, Records } from "./ports/records.ts";

export interface ProcessNotes {
  started(live: LiveProcess): void;
  ended(pid: number): void;
  /** What is not written yet is left to the next life. */
  stop(): void;
}

/** A full disk does not empty itself within a moment. */
const RETRY_MS = 2_000;

export function createProcessNotes(
  records: Pick<Records, "processStarted" | "processEnded">,
  clock: Clock,
  emit: EventListener,
): ProcessNotes {
  /** What is to be written, in order; of each process what it is last. */
  const waiting = new Map<number, LiveProcess | "ended">();
  let callOff: (() => void) | undefined;
  let stopped = false;

  async function flush(): Promise<void> {
    for (const [pid, what] of waiting) {
      await (what === "ended" ? records.processEnded(pid) : records.processStarted(what));
      if (waiting.get(pid) === what) waiting.delete(pid);
    }
  }
  const write = (): void => {
    callOff = undefined;
    flush().catch((error: unknown) => {
      const text = `a process could not be noted: ${String(error)}`;
      if (!callOff) emit({ type: "message", level: "error", text, at: clock.now() });
      if (!stopped) callOff ??= clock.after(RETRY_MS, write);
    });
  };
  const note = (pid: number, what: LiveProcess | "ended"): void => {
    waiting.set(pid, what);
    if (!callOff) write();
  };

  return {
    started: live => note(live.pid, live),
    ended: pid => note(pid, "ended"),
    stop() {
      stopped = true;
      callOff?.();
    },
  };
}
