/** From how a run ended and what was before to what is now: the one place where a stack's status is made. */
import { backoff, MAX_ATTEMPTS } from "./backoff.ts";
import type { Failure, Transient } from "./failure.ts";
import type { StackStatus } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import type { Run, RunEnd } from "./run.ts";

/** Tried again for ever, slowly: a machine that is switched off at night is no reason for a person to act; who makes room on a disk has acted. */
const patient = (failure: Transient): boolean =>
  failure.reason === "host-unreachable" || failure.reason === "fetch-failed" || failure.reason === "disk";

export function newStatus(stack: StackName): StackStatus {
  return { stack, attempts: 0, drifted: false, unknown: [], lightChecks: 0, resources: 0, references: [] };
}

/** Who works on the stack may be done at any moment, and a target for backups be back: nobody tells us. */
const TELL_NOBODY: readonly Failure["reason"][] = ["stack-busy", "backup-failed"];

interface Next {
  readonly failure?: Failure;
  readonly attempts: number;
  readonly retryAt?: number;
}

function next(previous: StackStatus, failure: Failure | undefined, now: number, random: number): Next {
  if (!failure || failure.kind === "aborted") return { attempts: failure ? previous.attempts : 0 };
  if (failure.kind === "stalled") return { failure, attempts: 0 };
  if (failure.kind === "waiting" && !TELL_NOBODY.includes(failure.reason)) {
    const opens = failure.reason === "outside-window" ? failure.opens : undefined;
    return { failure, attempts: 0, ...(opens === undefined ? {} : { retryAt: opens }) };
  }
  const attempts = previous.attempts + 1;
  if (failure.kind === "transient" && attempts > MAX_ATTEMPTS && !patient(failure))
    return {
      failure: { kind: "stalled", reason: "gave-up", attempts: previous.attempts, last: failure },
      attempts: 0,
    };
  return { failure, attempts, retryAt: now + backoff(attempts, random) };
}

/** Held without a look at the stack: as if nobody had asked. */
const untouched = ({ failure }: RunEnd): boolean =>
  failure?.reason === "paused" || failure?.reason === "orphaned";

/** Whether this is what a look at reality failed of, or what one that succeeds has put right. */
function ofLook(failure: Failure, previous: StackStatus): boolean {
  if (failure.reason === "check-failed" || failure.reason === "host-unreachable") return true;
  const current = previous.deployed !== undefined && previous.deployed.sha === previous.attempted?.sha;
  return failure.kind === "transient" && current;
}

/** A look at reality says nothing of a commit that failed or waits: of that, only what an earlier look failed of goes away. */
function settleCheck(
  previous: StackStatus,
  run: Run,
  ended: RunEnd,
  now: number,
  random: number,
): StackStatus {
  const standing = previous.failure && !ofLook(previous.failure, previous);
  const { failure: _failure, retryAt: _retryAt, ...kept } = previous;
  const status: StackStatus = {
    ...(standing ? previous : { ...kept, ...next(previous, ended.failure, now, random), lastRun: run.id }),
    ranAt: now,
    unknown: ended.unknown,
    lightChecks: previous.lightChecks + (ended.checked ? 1 : 0),
    resources: ended.resources ?? previous.resources,
    references: ended.references ?? previous.references,
  };
  return ended.checked ? { ...status, checkedAt: now, drifted: ended.drifted } : status;
}

/** What stalls the stack at the head stands, whatever became of what is deployed. */
function settleBehind(previous: StackStatus, run: Run, ended: RunEnd, now: number): StackStatus {
  const { touchedAt, ...kept } = previous;
  return {
    ...kept,
    ...(touchedAt !== undefined && touchedAt !== run.touchedAt && { touchedAt }),
    ranAt: now,
    unknown: ended.unknown,
    drifted: ended.checked ? ended.drifted : previous.drifted,
    lightChecks: ended.full ? 0 : previous.lightChecks + (ended.checked ? 1 : 0),
    resources: ended.resources ?? previous.resources,
    references: ended.references ?? previous.references,
    ...(ended.checked ? { checkedAt: now } : {}),
  };
}

/** The daemon's end may have come in the middle of the apply: what is there now is of no revision. */
const cutOff = ({ failure }: RunEnd): boolean => failure?.reason === "shutting-down";

/** An aborted run leaves the former failure standing; a plan that somebody looked at changes nothing. */
export function settle(
  before: StackStatus | undefined,
  run: Run,
  ended: RunEnd,
  now: number,
  random: number,
): StackStatus {
  const previous = before ?? newStatus(run.stack.name);
  if (run.mode !== "plan" && cutOff(ended)) return { ...previous, touchedAt: now };
  if (run.mode === "plan" || ended.outcome === "aborted" || untouched(ended)) return previous;
  if (run.behind !== undefined) return settleBehind(previous, run, ended, now);
  if (run.mode === "check") return settleCheck(previous, run, ended, now, random);
  const sameRevision = previous.attempted?.sha === run.revision.sha;
  const { failure: _failure, retryAt: _retryAt, heldDigest: _held, touchedAt, ...kept } = previous;
  const after = next(sameRevision ? previous : { ...previous, attempts: 0 }, ended.failure, now, random);
  const held =
    ended.failure?.kind === "waiting" && "digest" in ended.failure ? ended.failure.digest : undefined;
  const status: StackStatus = {
    ...kept,
    ...after,
    // Changed after this run had begun to look: it is looked at again. Not by the time, which may jump.
    ...(touchedAt !== undefined && touchedAt !== run.touchedAt && { touchedAt }),
    attempted: run.revision,
    ranAt: now,
    drifted: ended.checked ? ended.drifted : previous.drifted,
    unknown: ended.unknown,
    lightChecks: ended.full ? 0 : previous.lightChecks + (ended.checked ? 1 : 0),
    resources: ended.resources ?? previous.resources,
    references: ended.references ?? previous.references,
    lastRun: run.id,
    ...(ended.checked ? { checkedAt: now } : {}),
    ...(held === undefined ? {} : { heldDigest: held }),
  };
  return ended.applied
    ? { ...status, deployed: run.revision, deployedAt: deployedAt(previous, run, now) }
    : status;
}

function deployedAt(previous: StackStatus, run: Run, now: number): number {
  return previous.deployed?.sha === run.revision.sha && previous.deployedAt !== undefined
    ? previous.deployedAt
    : now;
}
