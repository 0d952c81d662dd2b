/** Performs a run and keeps what came of it: the one place where status, run and drift are written. */
import type { Board } from "./board.ts";
import type { Candidate } from "./candidates.ts";
import { execute } from "./converge.ts";
import { mayBeLight, mayTrustState } from "./due.ts";
import type { Failure } from "./failure.ts";
import { settle } from "./outcome.ts";
import type { RunRecord, StackStatus } from "./ports/records.ts";
import { timedWorld } from "./timings.ts";
import { endedWith, type Run, type RunEnd, type RunSignals, type RunWorld } from "./run.ts";

/** Why it cannot be read at the head is nothing that failed where it is deployed. */
function withoutFailure(status: StackStatus | undefined): StackStatus | undefined {
  if (!status) return undefined;
  const { failure: _failure, ...kept } = status;
  return kept;
}

export function makeRun(chosen: Candidate, id: string, now: number, board: Board): Run {
  const { definition, wanted, want, request, behind } = chosen;
  const status = board.status(definition.name);
  return {
    id,
    stack: definition,
    organization: wanted.estate.organization,
    organizationAliases: wanted.estate.organizationAliases,
    allowScripts: wanted.estate.allowScripts,
    mode: want.mode,
    trigger: want.trigger,
    revision: wanted.revision,
    startedAt: now,
    ...(request?.by === undefined ? {} : { by: request.by }),
    light: mayBeLight(behind === undefined ? status : withoutFailure(status), wanted.revision.sha),
    trustsState: mayTrustState(status, wanted.revision.sha),
    ...(behind === undefined ? {} : { behind }),
    ...(status?.touchedAt !== undefined && { touchedAt: status.touchedAt }),
  };
}

/** The record of a run that has begun. */
export function opening(run: Run): RunRecord {
  const { id, mode, trigger, revision, startedAt, by } = run;
  return {
    id,
    stack: run.stack.name,
    mode,
    trigger,
    revision,
    startedAt,
    ...(by === undefined ? {} : { by }),
  };
}

function bug(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: "transient", reason: "internal-error", message, stack: stack ?? message };
}

/** All texts of a value, one below the other. */
const wordsOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? Object.values(value).map(wordsOf).join("\n") : "";
};

/** Tools and other processes of ours say in their own words that the disk is full: it is what the run failed of. */
async function blamed(ended: RunEnd, { care }: RunWorld): Promise<RunEnd> {
  const { failure, outcome } = ended;
  if (!failure || outcome !== "failed") return ended;
  const explained = await care.explain(wordsOf(failure));
  return explained?.reason === "disk" ? { ...ended, failure: explained } : ended;
}

/** Never rejects: an exception is a bug of ours, and this run's failure. */
export async function perform(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  stopping: () => boolean,
): Promise<RunEnd> {
  try {
    const timed = timedWorld(world);
    const result = await execute(run, timed.world, signals);
    const ended = { ...result, timings: { ...result.timings, ...timed.spans } };
    const halted = world.care.halted();
    // Called off, or failed of what the damage made of its steps.
    if (halted?.kind === "stalled" && ended.failure) return { ...ended, outcome: "failed", failure: halted };
    if (!stopping() || ended.outcome !== "failed") return await blamed(ended, world);
    return { ...ended, outcome: "aborted", failure: { kind: "aborted", reason: "shutting-down" } };
  } catch (error) {
    // What a damaged database throws, or a full disk, is no bug of ours.
    const halted = world.care.halted();
    return endedWith(halted?.kind === "stalled" ? halted : ((await world.care.explain(error)) ?? bug(error)));
  }
}

export async function finish(run: Run, ended: RunEnd, world: RunWorld, board: Board): Promise<RunRecord> {
  const now = world.clock.now();
  const { outcome, failure, plan, counts, timings, log } = ended;
  const record: RunRecord = {
    ...opening(run),
    endedAt: now,
    outcome,
    ...(failure && { failure }),
    ...(plan && { plan }),
    ...(counts && { counts }),
    ...(timings && { timings }),
    ...(log && { log }),
  };
  const status = settle(board.status(run.stack.name), run, ended, now, world.clock.random());
  await world.records.commitRun(status, record, ended.drift ?? []);
  board.put(status);
  world.emit({ type: "run-ended", run: record, status, at: now });
  return record;
}
