/**
 * How a child process is asked to end: step by step, each step after a wait. Programs differ in what they take for
 * a gentle request; all of them end with SIGKILL to whatever is left.
 */
import { endSession } from "./session.ts";
import { killGroup, signalProcess } from "./signal.ts";

export interface StopStep {
  readonly signal: NodeJS.Signals;
  /** Milliseconds after the step before. */
  readonly afterMs: number;
  /** `leader`: the process itself; `group`: its process group; `session`: everything that it ever started. */
  readonly to: "leader" | "group" | "session";
}

function send(pid: number, step: StopStep): void {
  if (step.to === "leader") signalProcess(pid, step.signal);
  else if (step.to === "group") killGroup(pid, step.signal);
  else endSession(pid, step.signal);
}

/** Climbs the ladder; answers a function that stops climbing (the process has ended). */
export function climb(pid: number, ladder: readonly StopStep[]): () => void {
  let timer: NodeJS.Timeout | undefined;
  const next = (rung: number): void => {
    const step = ladder[rung];
    if (!step) return;
    const act = (): void => {
      send(pid, step);
      next(rung + 1);
    };
    if (step.afterMs === 0) act();
    else timer = setTimeout(act, step.afterMs);
  };
  next(0);
  return () => clearTimeout(timer);
}
