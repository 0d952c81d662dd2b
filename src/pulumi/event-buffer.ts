/** Collects an operation's events as they come, and tells progress. Bounded: programs can log without end. */
import type { StepProgress } from "../engine/ports/pulumi.ts";
import { isSuccess, parseEvent, type EngineEvent } from "./engine-event.ts";

/** Twice what a stack of 100,000 resources needs for a refresh and a preview. */
const MAX_STEPS = 1_000_000;
/** Errors and warnings of one operation. */
const MAX_DIAGNOSTICS = 5_000;

export interface EventBuffer {
  add(json: string): void;
  readonly events: EngineEvent[];
}

function progressOf(event: EngineEvent): StepProgress | undefined {
  if (event.kind !== "begin" && event.kind !== "done" && event.kind !== "failed") return undefined;
  const { urn, op } = event.step;
  return op === "same" ? undefined : { urn, op, phase: event.kind };
}

const isChatter = (event: EngineEvent): boolean =>
  event.kind === "diagnostic" && event.severity !== "error" && event.severity !== "warning";

export interface BufferOptions {
  readonly onStep: (step: StepProgress) => void;
  /** Called with all of them when the engine says that the operation succeeded. */
  readonly onSucceeded?: ((events: readonly EngineEvent[]) => void) | undefined;
}

export function eventBuffer({ onStep, onSucceeded }: BufferOptions): EventBuffer {
  const events: EngineEvent[] = [];
  let diagnostics = 0;
  return {
    add(json) {
      const event = parseEvent(json);
      if (!event || isChatter(event)) return;
      if (event.kind === "diagnostic" && ++diagnostics > MAX_DIAGNOSTICS) return;
      if (events.length >= MAX_STEPS) return;
      events.push(event);
      const progress = progressOf(event);
      if (progress) onStep(progress);
      if (isSuccess(event)) onSucceeded?.(events);
    },
    events,
  };
}
