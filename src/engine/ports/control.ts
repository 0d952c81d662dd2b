/** What a person (or a command, or the HTTP API) can ask of holdfast. One interface, in this process or in a daemon. */
import type { Failure, Problem, Result } from "../failure.ts";
import type { CareFacts } from "./care.ts";
import type { KeyRotation, RotateKeys } from "./keys.ts";
import type {
  DriftFilter,
  DriftRecord,
  Pause,
  RunFilter,
  RunMode,
  RunRecord,
  StackStatus,
} from "./records.ts";
import type { Revision } from "./source.ts";
import type { StackName, StackSettings } from "./stack.ts";
import type { Adoption, ImportedState, ImportOptions, Lease, PendingOperation } from "./state.ts";

/** One stack as it stands, all facts side by side; what to call it is derived from them by report/. */
export interface StackFacts {
  readonly stack: StackName;
  /** Undefined before the first run. */
  readonly status?: StackStatus;
  readonly pause?: Pause;
  /** Undefined: it is gone from Git, or cannot be read there. */
  readonly settings?: StackSettings;
  /** Why it cannot be read at the head: it stays as it is deployed. */
  readonly problems?: readonly Problem[];
  /** holdfast.yaml names it, or a person took it over. */
  readonly managed: boolean;
  readonly running?: { readonly run: string; readonly mode: RunMode; readonly since: number };
  /** Somebody is changing its state now. */
  readonly lease?: Lease;
}

/** How programs are kept away from the machine. */
export interface ProgramIsolation {
  /** `user`: as a user of their own, in namespaces. `namespace`: in namespaces. */
  readonly hold: "user" | "namespace" | "none";
  /** Stacks whose programs run as the daemon's user all the same. */
  readonly unboxed: readonly StackName[];
}

export interface Overview {
  readonly repository: string;
  readonly branch: string;
  readonly head?: Revision;
  /** Why the newest look at the repository led to nothing. */
  readonly failure?: Failure;
  /** What of the head cannot be read; the stacks that it does not concern go on. None: left out. */
  readonly problems?: readonly Problem[];
  readonly stacks: readonly StackFacts[];
  readonly care: CareFacts;
  /** Undefined: no program was ever run here, or the database cannot be asked. */
  readonly isolation?: ProgramIsolation;
  /** Milliseconds since the epoch, by the controller's clock. */
  readonly at: number;
}

export interface AskRun {
  /** Exact names or patterns; empty: every stack. */
  readonly stacks: readonly string[];
  readonly mode: RunMode;
  readonly by: string;
  /** Only with mode `plan`. */
  readonly revision?: string;
  /** Lets stacks without state, or unmanaged ones, be applied. */
  readonly first?: boolean;
}

/** What `unlock` would do, and to whom. */
export interface Lock {
  readonly stack: StackName;
  readonly lease?: Lease;
  /** The holder is a run of this very daemon, which lives. */
  readonly alive: boolean;
  /** Steps that the holder has begun and not ended, as far as it told. */
  readonly underWay: readonly PendingOperation[];
  /** Steps of earlier updates whose end nobody knows. */
  readonly pending: readonly PendingOperation[];
  /** What was adopted could not be read yet; the next run does. */
  readonly unverified?: Failure;
  readonly at: number;
}

export interface Unlock {
  readonly stack: StackName;
  readonly by: string;
  /** Also where the holder is a run of this daemon that lives. */
  readonly force?: boolean;
  /** Pending operations that are to be forgotten, by URN. */
  readonly forget?: readonly string[];
  /** Pending creates that did make their resource. */
  readonly adopt?: readonly Adoption[];
}

export interface Control {
  overview(): Promise<Overview>;
  runs(filter: RunFilter): Promise<readonly RunRecord[]>;
  /** By id, or by a beginning of it that only one run has. */
  run(id: string): Promise<RunRecord | undefined>;
  drift(filter?: DriftFilter): Promise<readonly DriftRecord[]>;
  /** Fetches now. */
  poll(): Promise<Result<Revision>>;
  /** Fetches, then runs these stacks to their end, in order. Failures are those of the source, or of the names. */
  ask(ask: AskRun): Promise<Result<readonly RunRecord[]>>;
  /** A person's word on the plan that a run is held by; the stack then runs again. */
  approve(runId: string, by: string): Promise<Result<RunRecord>>;
  pause(stack: StackName, why: string, by: string): Promise<Result<Pause>>;
  resume(stack: StackName): Promise<Result<boolean>>;
  acceptRewrite(sha: string): Promise<Result<Revision>>;
  /** New data keys, and all of them wrapped anew. Failures: config-invalid, key-missing. */
  rotateKeys(request: RotateKeys): Promise<Result<KeyRotation>>;
  exportState(stack: StackName): Promise<Result<unknown>>;
  importState(stack: StackName, deployment: unknown, options?: ImportOptions): Promise<Result<ImportedState>>;
  /** Who holds the stack, and what has no known end. Failures: config-invalid (no such stack). */
  lock(stack: StackName): Promise<Result<Lock>>;
  /** Ends the lease, then what is pending as it says, and answers what is left. Failures: config-invalid, stack-busy, state-unreadable. */
  unlock(wish: Unlock): Promise<Result<Lock>>;
}
