/** The document of `holdfast status --json`: docs/schemas/status.schema.json. */
import { configInvalid, type Failure, type Problem } from "../engine/failure.ts";
import type { CareFacts } from "../engine/ports/care.ts";
import type { ProgramIsolation } from "../engine/ports/control.ts";
import type { UnknownResource } from "../engine/ports/plan.ts";
import type { StackState } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";
import {
  commitJson,
  DOCUMENT_VERSION,
  failureJson,
  iso,
  leaseJson,
  type CommitJson,
  type FailureJson,
  type LeaseJson,
} from "./documents.ts";
import type { StackView } from "./stack-view.ts";

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

function stackJson({ stack, state, why, status, pause, lease, problems }: StackView): StackJson {
  const run = status?.lastRun;
  const failure = problems ? configInvalid(problems) : status?.failure;
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
