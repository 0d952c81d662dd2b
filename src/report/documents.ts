/** The JSON documents of `--json`. Their schemas are in docs/schemas/; times are ISO 8601 in UTC, durations milliseconds. */
import type { Failure, Problem } from "../engine/failure.ts";
import type { CareFacts } from "../engine/ports/care.ts";
import type { ProgramIsolation } from "../engine/ports/control.ts";
import type { Change, Plan, UnknownResource } from "../engine/ports/plan.ts";
import type { Lock } from "../engine/ports/control.ts";
import type { ByHand, DriftRecord, RunRecord, StackState } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";
import type { Holder, Lease } from "../engine/ports/state.ts";
import { describeFailure } from "./messages.ts";
import type { MessageContext } from "./messages/message.ts";
import type { StackView } from "./stack-view.ts";
import { unreadable } from "./state.ts";

/** Raised when a field is taken away or changes its meaning; a field that is added does not raise it. */
export const DOCUMENT_VERSION = 1;

interface CommitJson {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  readonly time: string;
}

interface FailureJson {
  readonly kind: string;
  readonly reason: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
}

interface HolderJson {
  readonly host: string;
  readonly pid: number | null;
  readonly program: string | null;
}

interface LeaseJson {
  readonly kind: string;
  readonly who: string;
  readonly run: string | null;
  readonly about: string | null;
  readonly holder: HolderJson | null;
  readonly since: string;
  readonly renewed: string | null;
  readonly expires: string;
}

interface StackJson {
  readonly stack: string;
  readonly state: StackState;
  readonly why: string;
  readonly deployed: CommitJson | null;
  readonly deployedAt: string | null;
  readonly attempted: CommitJson | null;
  readonly checkedAt: string | null;
  readonly ranAt: string | null;
  readonly retryAt: string | null;
  readonly drifted: boolean;
  readonly resources: number;
  readonly unknown: readonly UnknownResource[];
  readonly failure: FailureJson | null;
  readonly heldDigest: string | null;
  readonly lastRun: string | null;
  readonly paused: { readonly by: string; readonly why: string; readonly at: string } | null;
  readonly lease: LeaseJson | null;
}

interface ByHandJson {
  readonly kind: string;
  readonly holder: HolderJson | null;
  readonly head: string | null;
  readonly dirty: boolean;
  readonly renamed: string | null;
}

interface RunJson {
  readonly id: string;
  readonly stack: string;
  readonly mode: string;
  readonly trigger: string;
  readonly by: string | null;
  readonly commit: CommitJson | null;
  readonly byHand: ByHandJson | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly outcome: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly failure: FailureJson | null;
}

interface PlanJson {
  readonly stack: string;
  readonly revision: string;
  readonly stateVersion: number;
  readonly digest: string;
  readonly resources: number;
  readonly drift: readonly Change[];
  readonly changes: readonly Change[];
  readonly unknown: readonly UnknownResource[];
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

const commitJson = ({ sha, author, subject, time }: Revision): CommitJson => ({
  sha,
  author,
  subject,
  time: new Date(time).toISOString(),
});

const failureJson = (failure: Failure | undefined, context: MessageContext): FailureJson | null =>
  failure ? { kind: failure.kind, reason: failure.reason, ...describeFailure(failure, context) } : null;

const holderJson = (holder: Holder | undefined): HolderJson | null =>
  holder ? { host: holder.host, pid: holder.pid ?? null, program: holder.program ?? null } : null;

const leaseJson = ({ kind, who, run, about, holder, since, renewed, expires }: Lease): LeaseJson => ({
  kind,
  who,
  run: run ?? null,
  about: about ?? null,
  holder: holderJson(holder),
  since: new Date(since).toISOString(),
  renewed: iso(renewed),
  expires: new Date(expires).toISOString(),
});

const byHandJson = ({ kind, holder, head, dirty, renamed }: ByHand): ByHandJson => ({
  kind,
  holder: holderJson(holder),
  head: head ?? null,
  dirty: dirty ?? false,
  renamed: renamed ?? null,
});

function stackJson({ stack, state, why, status, pause, lease, problems }: StackView): StackJson {
  const run = status?.lastRun;
  const failure = problems ? unreadable(problems) : status?.failure;
  return {
    stack,
    state,
    why,
    deployed: status?.deployed ? commitJson(status.deployed) : null,
    deployedAt: iso(status?.deployedAt),
    attempted: status?.attempted ? commitJson(status.attempted) : null,
    checkedAt: iso(status?.checkedAt),
    ranAt: iso(status?.ranAt),
    retryAt: iso(status?.retryAt),
    drifted: status?.drifted ?? false,
    resources: status?.resources ?? 0,
    unknown: status?.unknown ?? [],
    failure: failureJson(failure, { stack, ...(run === undefined ? {} : { run }) }),
    heldDigest: status?.heldDigest ?? null,
    lastRun: run ?? null,
    paused: pause ? { by: pause.by, why: pause.why, at: new Date(pause.at).toISOString() } : null,
    lease: lease ? leaseJson(lease) : null,
  };
}

function runJson(run: RunRecord): RunJson {
  return {
    id: run.id,
    stack: run.stack,
    mode: run.mode,
    trigger: run.trigger,
    by: run.by ?? null,
    commit: run.revision ? commitJson(run.revision) : null,
    byHand: run.byHand ? byHandJson(run.byHand) : null,
    startedAt: new Date(run.startedAt).toISOString(),
    endedAt: iso(run.endedAt),
    durationMs: run.endedAt === undefined ? null : run.endedAt - run.startedAt,
    outcome: run.outcome ?? null,
    counts: run.counts ?? {},
    failure: failureJson(run.failure, { stack: run.stack, run: run.id }),
  };
}

/** `configHash` stays inside: it is for comparison only. */
const planJson = ({ configHash: _, ...plan }: Plan): PlanJson => plan;

/** docs/schemas/failure.schema.json: what every command answers that could not do its work. */
export const failureDocument = (failure: Failure) => ({
  version: DOCUMENT_VERSION,
  failure: failureJson(failure, {}),
});

export interface StatusContext {
  readonly now: number;
  readonly repository?: string;
  readonly branch?: string;
  readonly head?: Revision;
  /** Why the newest look at the repository led to nothing. */
  readonly failure?: Failure;
  /** What of the head cannot be read. */
  readonly problems?: readonly Problem[];
  readonly care?: CareFacts;
  readonly isolation?: ProgramIsolation;
}

const problemJson = ({ message, place, hint }: Problem) => ({
  message,
  file: place?.file ?? null,
  line: place?.line ?? null,
  column: place?.column ?? null,
  hint: hint ?? "",
});

const backupsJson = ({ on, last, failure }: CareFacts["backups"]) => ({
  on,
  last: last ? { ...last, at: new Date(last.at).toISOString() } : null,
  failure: failure
    ? {
        at: new Date(failure.at).toISOString(),
        why: failure.why,
        hint: failure.hint ?? "",
        attempts: failure.attempts,
      }
    : null,
});

/** docs/schemas/status.schema.json */
export const statusDocument = (
  views: readonly StackView[],
  { now, repository, branch, head, failure, problems = [], care, isolation }: StatusContext,
) => ({
  version: DOCUMENT_VERSION,
  at: new Date(now).toISOString(),
  repository: repository ?? null,
  branch: branch ?? null,
  head: head ? commitJson(head) : null,
  failure: failureJson(failure, {}),
  problems: problems.map(problemJson),
  halted: failureJson(care?.halted, {}),
  backups: care ? backupsJson(care.backups) : null,
  isolation: isolation ?? null,
  stacks: views.map(stackJson),
});

/** docs/schemas/history.schema.json; newest first. */
export const historyDocument = (runs: readonly RunRecord[]) => ({
  version: DOCUMENT_VERSION,
  runs: runs.map(runJson),
});

/** docs/schemas/show.schema.json */
export const showDocument = (run: RunRecord) => ({
  version: DOCUMENT_VERSION,
  run: {
    ...runJson(run),
    plan: run.plan ? planJson(run.plan) : null,
    timings: run.timings ?? {},
    log: run.log ?? "",
  },
});

/** One stack's plan, or why there is none. */
export interface PlanOutcome {
  readonly stack: string;
  readonly plan?: Plan;
  readonly failure?: Failure;
}

/** docs/schemas/plan.schema.json */
export const planDocument = (outcomes: readonly PlanOutcome[]) => ({
  version: DOCUMENT_VERSION,
  stacks: outcomes.map(({ stack, plan, failure }) => ({
    stack,
    plan: plan ? planJson(plan) : null,
    failure: failureJson(failure, { stack }),
  })),
});

/** What `drift` found of one stack. `checked` false: it could not tell. */
export interface DriftOutcome {
  readonly stack: string;
  readonly checked: boolean;
  readonly drift: readonly DriftRecord[];
  readonly unknown: readonly UnknownResource[];
  readonly failure?: Failure;
}

const driftJson = ({ urn, kind, paths, since, seenAt, run, result, endedAt, ignoredBy }: DriftRecord) => ({
  urn,
  kind,
  paths,
  since: new Date(since).toISOString(),
  seenAt: new Date(seenAt).toISOString(),
  endedAt: iso(endedAt),
  run,
  result,
  ignoredBy: ignoredBy ?? null,
});

/** docs/schemas/drift.schema.json */
export const driftDocument = (outcomes: readonly DriftOutcome[]) => ({
  version: DOCUMENT_VERSION,
  stacks: outcomes.map(({ stack, checked, drift, unknown, failure }) => ({
    stack,
    checked,
    drift: drift.map(driftJson),
    unknown,
    failure: failureJson(failure, { stack }),
  })),
});

/** docs/schemas/unlock.schema.json: what is left; `unlocked`: something was done. */
export const unlockDocument = (lock: Lock, unlocked: boolean) => ({
  version: DOCUMENT_VERSION,
  stack: lock.stack,
  unlocked,
  lease: lock.lease ? leaseJson(lock.lease) : null,
  alive: lock.alive,
  underWay: lock.underWay,
  pending: lock.pending,
});

/** The text of a document, for stdout: one line end at its end. */
export const jsonText = (document: unknown): string => `${JSON.stringify(document, undefined, 2)}\n`;
