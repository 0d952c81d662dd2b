/** What a stack needs now, decided from what is wanted and what is known: level-triggered, so nothing that is missed is lost. */
import { LONGEST_WAIT_MS } from "./backoff.ts";
import type { RunMode, StackStatus, Trigger } from "./ports/records.ts";
import type { StackDefinition } from "./ports/stack.ts";

export interface Due {
  readonly mode: RunMode;
  readonly trigger: Trigger;
}

export interface DueContext {
  readonly head: string;
  readonly now: number;
  readonly paused: boolean;
  /** Dependencies that have not applied `head`. */
  readonly blockedBy: readonly string[];
  /** A stable number of this stack, 0 <= n < 1, that spreads the checks of many stacks. */
  readonly spread: number;
  /** A probe found that reality differs, and nobody has looked since. Default: no. */
  readonly differs?: boolean;
}

/** Light checks between two full plans of an unchanged revision. */
export const LIGHT_CHECKS = 5;

/** When reality is to be looked at again: the interval, spread by a tenth. */
function nextLook(stack: StackDefinition, status: StackStatus, { now, spread }: DueContext): number {
  const last = Math.max(status.checkedAt ?? 0, status.ranAt ?? 0);
  // The clock was set back: the moment of the last look says nothing any more.
  if (last > now) return now;
  return last + stack.settings.drift.every * (0.9 + spread * 0.2);
}

/** No attempt but one at a window's opening is put off so far: the clock was set back since. */
const isAbsurd = ({ failure, retryAt = 0 }: StackStatus, now: number): boolean =>
  failure?.reason !== "outside-window" && retryAt > now + LONGEST_WAIT_MS;

function retry(status: StackStatus, context: DueContext): Due | undefined {
  const { failure } = status;
  const deployed = status.deployed?.sha === context.head;
  const again: Due = { mode: "converge", trigger: deployed ? "drift" : "commit" };
  if (failure?.kind === "waiting" && failure.reason === "dependency-not-ready") return again;
  if (status.retryAt === undefined) return undefined;
  if (context.now < status.retryAt && !isAbsurd(status, context.now)) return undefined;
  return failure?.kind === "transient" || failure?.kind === "waiting" ? again : undefined;
}

/** A state that somebody changed by hand is planned anew soon. */
function touched({ touchedAt, deployed }: StackStatus, { head }: DueContext): Due | undefined {
  if (touchedAt === undefined) return undefined;
  return { mode: "converge", trigger: deployed?.sha === head ? "drift" : "commit" };
}

/** It does not wait for a retry: what failed is another host, perhaps for days. */
const probed = ({ differs }: DueContext): Due | undefined =>
  differs ? { mode: "converge", trigger: "probe" } : undefined;

function look(stack: StackDefinition, status: StackStatus, context: DueContext): Due | undefined {
  if (context.now < nextLook(stack, status, context)) return undefined;
  // A stack whose program cannot be run is still looked at: drift is found, though not corrected.
  const failedProgram = status.failure?.kind === "stalled" && status.failure.reason !== "gave-up";
  if (failedProgram) return status.deployed ? { mode: "check", trigger: "drift" } : undefined;
  return { mode: "converge", trigger: status.deployed?.sha === context.head ? "drift" : "commit" };
}

/** Undefined: nothing now. */
export function due(
  stack: StackDefinition,
  status: StackStatus | undefined,
  context: DueContext,
): Due | undefined {
  if (context.paused) return undefined;
  const blocked = context.blockedBy.length > 0;
  const commit: Due = { mode: "converge", trigger: "commit" };
  if (status?.attempted?.sha !== context.head) return commit;
  const wanted =
    touched(status, context) ?? retry(status, context) ?? probed(context) ?? look(stack, status, context);
  return blocked && wanted?.mode === "converge" && status.failure?.kind === "waiting" ? undefined : wanted;
}

/** Of a stack that cannot be read at the head: whether it is to be looked at as it is deployed. */
export function dueAsDeployed(
  stack: StackDefinition,
  status: StackStatus,
  when: Pick<DueContext, "now" | "spread">,
): Due | undefined {
  if (!status.deployed) return undefined;
  const { failure: _failure, retryAt: _retryAt, ...kept } = status;
  const context = { ...when, head: status.deployed.sha, paused: false, blockedBy: [] };
  return due(stack, { ...kept, attempted: status.deployed }, context);
}

/** Nobody has changed the state by hand since, and the last run left nothing open. */
const isSettled = ({ touchedAt, failure, drifted }: StackStatus): boolean =>
  touchedAt === undefined && failure === undefined && !drifted;

/** A full plan is due every few checks, and whenever the last one left something open. */
export function mayBeLight(status: StackStatus | undefined, head: string): boolean {
  if (status?.deployed?.sha !== head) return false;
  return status.lightChecks < LIGHT_CHECKS && isSettled(status);
}

/** A new revision of a settled stack may be planned without a refresh, where reality is known to be as the state says. */
export function mayTrustState(status: StackStatus | undefined, head: string): boolean {
  if (!status?.deployed || status.deployed.sha === head) return false;
  return isSettled(status) && status.unknown.length === 0;
}
