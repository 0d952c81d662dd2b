/** When the probe looks, and at which stacks. Pure. */
import type { StackStatus } from "../ports/records.ts";
import type { StackDefinition } from "../ports/stack.ts";
import type { Rhythm } from "./findings.ts";

/** Where neither holdfast.yaml nor the daemon's settings say anything. */
export const PROBE_EVERY = 30_000;
/** Of its interval, each way: many daemons must not look at the same hosts at the same moments. */
const JITTER = 0.1;

/** The stack's own interval, or the daemon's. Undefined: never. */
export function probeEvery({ settings }: StackDefinition, byDefault: number | "off"): number | undefined {
  const every = settings.drift.probe ?? byDefault;
  return every === "off" ? undefined : every;
}

/** Between two looks at what hosts tell of, as far as somebody who does not stop is concerned. */
const TOLD_EVERY = 2_000;

/** How the findings of a stack are judged. */
export function rhythmOf(definition: StackDefinition, byDefault: number | "off", now: number): Rhythm {
  const { every: checked, watch: told = false } = definition.settings.drift;
  const every = probeEvery(definition, byDefault) ?? checked;
  return { now, checked, told, every: told ? Math.min(every, TOLD_EVERY) : every };
}

export interface Now {
  readonly now: number;
  /** 0 <= n < 1. */
  readonly random: () => number;
}

/** By interval, when the stacks that have it are looked at next. */
export type Sweeps = ReadonlyMap<number, number>;

export interface NextSweeps {
  readonly due: readonly number[];
  readonly sweeps: Sweeps;
}

/** The first look comes somewhere within the first interval: daemons that start together do not look together. */
function nextOf(every: number, at: number | undefined, { now, random }: Now): { due: boolean; next: number } {
  if (at === undefined) return { due: false, next: now + every * random() };
  // So far off only where the clock was set back.
  const due = at <= now || at > now + every * (1 + JITTER);
  return { due, next: due ? now + every * (1 - JITTER + random() * 2 * JITTER) : at };
}

/** All stacks with the same interval are looked at together: so each host is asked once about all of them. */
export function planSweeps(before: Sweeps, intervals: ReadonlySet<number>, when: Now): NextSweeps {
  const all = [...intervals].map(every => ({ every, ...nextOf(every, before.get(every), when) }));
  return {
    due: all.filter(({ due }) => due).map(({ every }) => every),
    sweeps: new Map(all.map(({ every, next }) => [every, next])),
  };
}

export interface StackNow {
  readonly status: StackStatus | undefined;
  readonly paused: boolean;
  /** A run of ours is under way, or somebody else holds the stack. */
  readonly busy: boolean;
}

/**
 * Only what is deployed and is left alone at the moment. What failed is tried again by itself, or waits for a person;
 * but one dead host does not hide what happens on the others.
 */
export function mayProbe({ status, paused, busy }: StackNow): boolean {
  if (!status?.deployed || paused || busy) return false;
  const { failure } = status;
  return (
    failure?.kind !== "stalled" && (failure?.kind !== "transient" || failure.reason === "host-unreachable")
  );
}
