/** The JSON documents of `--json`. Their schemas are in docs/schemas/; times are ISO 8601 in UTC, durations milliseconds. */
import type { Failure } from "../engine/failure.ts";
import type { Change, Plan, UnknownResource } from "../engine/ports/plan.ts";
import type { Lock } from "../engine/ports/control.ts";
import type { ByHand, DriftRecord, RunRecord } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";
import type { Holder, Lease } from "../engine/ports/state.ts";
import { describeFailure } from "./messages.ts";
import type { MessageContext } from "./messages/message.ts";

/** Raised when a field is taken away or changes its meaning; a field that is added does not raise it. */
export const DOCUMENT_VERSION = 1;

export interface CommitJson {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  readonly time: string;
}

export interface FailureJson {
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

export interface LeaseJson {
  readonly kind: string;
  readonly who: string;
  readonly run: string | null;
  readonly about: string | null;
  readonly holder: HolderJson | null;
  readonly since: string;
  readonly renewed: string | null;
  readonly expires: string;
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

export const iso = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

export const commitJson = ({ sha, author, subject, time }: Revision): CommitJson => ({
  sha,
  author,
  subject,
  time: new Date(time).toISOString(),
});

export const failureJson = (failure: Failure | undefined, context: MessageContext): FailureJson | null =>
  failure ? { kind: failure.kind, reason: failure.reason, ...describeFailure(failure, context) } : null;

const holderJson = (holder: Holder | undefined): HolderJson | null =>
  holder ? { host: holder.host, pid: holder.pid ?? null, program: holder.program ?? null } : null;

export const leaseJson = ({ kind, who, run, about, holder, since, renewed, expires }: Lease): LeaseJson => ({
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
