/** What holdfast remembers: status of each stack, runs, drift, approvals, pauses. */
import type { Failure } from "../failure.ts";
import type { Plan } from "./plan.ts";
import type { Revision } from "./source.ts";
import type { StackName } from "./stack.ts";
import type { Holder } from "./state.ts";

export type Trigger = "commit" | "drift" | "probe" | "manual" | "pull-request";

export type StackState = "in-sync" | "pending" | "drifted" | "held" | "orphaned" | "failed" | "unknown";

/** The status of one stack: written in one place, after every run, whatever happened. Times are milliseconds since the epoch. */
export interface StackStatus {
  readonly stack: StackName;
  /** Newest revision that a run was made for, successful or not. */
  readonly attempted?: Revision;
  /** Newest revision that an apply ended well for. */
  readonly deployed?: Revision;
  readonly deployedAt?: number;
  /** When reality was last compared with success. */
  readonly checkedAt?: number;
  /** When the last run ended, and how. */
  readonly ranAt?: number;
  readonly failure?: Failure;
  /** How often in a row a transient failure came. */
  readonly attempts: number;
  /** Not before this moment is it tried again. */
  readonly retryAt?: number;
  readonly drifted: boolean;
  readonly unknown: readonly { readonly urn: string; readonly why: string }[];
  /** Checks without the program since the last full plan. */
  readonly lightChecks: number;
  /** Custom resources after the last good apply. */
  readonly resources: number;
  /** Digest of the plan that waits for a person. */
  readonly heldDigest?: string;
  readonly lastRun?: string;
  /** When somebody changed the state beside holdfast's runs, or a run was cut off; gone once a run has looked at it since. */
  readonly touchedAt?: number;
  /** Stacks that this one reads outputs of, as its state says. */
  readonly references: readonly StackName[];
}

export type RunOutcome = "converged" | "unchanged" | "held" | "failed" | "drifted" | "aborted" | "planned";

/** converge: plan, gate, apply; check: drift only; plan: look, change nothing; destroy: plan, gate, delete all. */
export type RunMode = "converge" | "check" | "plan" | "destroy";

/** What a person did with the plain CLI, for a record of its own. */
export interface ByHand {
  /** `update`, `refresh`, `destroy`, `import`, `rename`, `remove`, `unlock`, `forget` … */
  readonly kind: string;
  /** Where from. */
  readonly holder?: Holder;
  /** Commit of the Git checkout that the CLI ran in, and whether that had other changes. */
  readonly head?: string;
  readonly dirty?: boolean;
  /** The stack's name from then on. */
  readonly renamed?: StackName;
}

export interface RunRecord {
  /** Sortable, unique. */
  readonly id: string;
  readonly stack: StackName;
  readonly mode: RunMode | "by-hand";
  /** Who asked, where a person did. */
  readonly by?: string;
  readonly trigger: Trigger;
  /** Missing: a person did it, at no revision of ours. */
  readonly revision?: Revision;
  readonly byHand?: ByHand;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: RunOutcome;
  readonly failure?: Failure;
  readonly plan?: Plan;
  /** What the apply did, by operation. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Named spans of the run, milliseconds. */
  readonly timings?: Readonly<Record<string, number>>;
  /** Capped and redacted. */
  readonly log?: string;
}

/** Drift as a record of its own: one for each resource and episode. */
export interface DriftRecord {
  readonly stack: StackName;
  readonly urn: string;
  readonly kind: "changed" | "gone";
  readonly paths: readonly string[];
  /** First and last time it was seen. */
  readonly since: number;
  readonly seenAt: number;
  readonly run: string;
  readonly result: "reported" | "corrected" | "ignored" | "open";
  readonly endedAt?: number;
  /** owner and reason of the rule that lets it be. */
  readonly ignoredBy?: string;
}

export interface Pause {
  readonly stack: StackName;
  readonly why: string;
  readonly by: string;
  readonly at: number;
}

/** A person's word on one plan. */
export interface Approval {
  readonly stack: StackName;
  readonly digest: string;
  readonly by: string;
  readonly at: number;
}

export interface RunFilter {
  readonly stack?: StackName;
  readonly limit?: number;
}

export interface DriftFilter {
  /** Default: all. */
  readonly stack?: StackName;
  /** Without those that have ended. */
  readonly open?: boolean;
}

export interface Records {
  status(stack: StackName): Promise<StackStatus | undefined>;
  statuses(): Promise<readonly StackStatus[]>;
  /** Status, run and drift of one finished run, in one transaction. */
  commitRun(status: StackStatus, run: RunRecord, drift: readonly DriftRecord[]): Promise<void>;
  /** A status without a run: a commit that does not concern the stack. */
  putStatus(status: StackStatus): Promise<void>;
  /** A stack that was destroyed on purpose; its runs stay. */
  forget(stack: StackName): Promise<void>;
  startRun(run: RunRecord): Promise<void>;
  /** Runs that were started and never ended: after a crash. */
  unfinishedRuns(): Promise<readonly RunRecord[]>;
  run(id: string): Promise<RunRecord | undefined>;
  /** Newest first, 100 unless `limit` says otherwise; without `plan` and `log` (`run` has them). */
  runs(filter: RunFilter): Promise<readonly RunRecord[]>;
  /** Newest episode first. */
  drift(filter?: DriftFilter): Promise<readonly DriftRecord[]>;
  approve(approval: Approval): Promise<void>;
  approval(stack: StackName, digest: string): Promise<Approval | undefined>;
  pause(pause: Pause): Promise<void>;
  resume(stack: StackName): Promise<boolean>;
  pauses(): Promise<readonly Pause[]>;
  /** Permission to apply a stack that has no state: used up by the apply. */
  allowFirst(stack: StackName, by: string, at: number): Promise<void>;
  firstAllowed(stack: StackName): Promise<boolean>;
  /** Small facts by key: the repository's URL, the accepted rewrite, ports. */
  setting(key: string): Promise<string | undefined>;
  setSetting(key: string, value: string): Promise<void>;
  /** Processes that would survive us. */
  processStarted(process: LiveProcess): Promise<void>;
  processEnded(pid: number): Promise<void>;
  processes(): Promise<readonly LiveProcess[]>;
}

export interface LiveProcess {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat: a pid used again has another. */
  readonly startTime: string;
  readonly runId: string;
  readonly what: string;
}
