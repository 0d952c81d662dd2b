/** The state service, as the engine uses it: versions, tokens of runs, leases. */
import type { Result } from "../failure.ts";
import type { Change } from "./plan.ts";
import type { StackName } from "./stack.ts";

/** One resource of a checkpoint, in the field's own names (apitype ResourceV3), secrets opened where asked. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id?: string;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly external?: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A step that was begun and whose end nobody saw. `operation` is the engine's own word: creating, updating, deleting, reading, importing. */
export interface PendingOperation {
  readonly urn: string;
  readonly type: string;
  readonly operation: string;
}

/** The process that a lease was given to, as far as it is known. */
export interface Holder {
  /** This machine's name, or the address that it calls from. */
  readonly host: string;
  readonly pid?: number;
  /** `pulumi`, `holdfast`. */
  readonly program?: string;
  /** Field 22 of /proc/PID/stat: a pid that is used again has another. */
  readonly startTime?: string;
}

/** Somebody is at work on a stack: nobody else may change its state. Times are milliseconds since the epoch. */
export interface Lease {
  readonly stack: StackName;
  /** Id of the update in the state service. */
  readonly update: string;
  /** `update`, `refresh`, `destroy`, `import` … */
  readonly kind: string;
  /** A token's name, or `holdfast run ID`. */
  readonly who: string;
  /** Of holdfast's own. */
  readonly run?: string;
  /** The commit that the run brings. */
  readonly about?: string;
  readonly holder?: Holder;
  readonly since: number;
  /** When its holder last said that it lives; missing: not since the start. */
  readonly renewed?: number;
  /** When it ends by itself. */
  readonly expires: number;
}

/** What somebody did to a stack's state beside holdfast's runs: the plain CLI, an import, a stack taken away. */
export interface Handwork {
  readonly id: string;
  readonly stack: StackName;
  /** `update`, `refresh`, `destroy`, `import`, `rename`, `remove` … */
  readonly kind: string;
  readonly who: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly end: "succeeded" | "failed" | "cancelled";
  /** Whether the state is another one than before. */
  readonly moved: boolean;
  /** By operation, as the CLI's summary says. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly message: string;
  /** What the CLI says of itself and of the Git checkout that it ran in (`git.head`, `git.author` …). */
  readonly environment: Readonly<Record<string, string>>;
  readonly holder?: Holder;
  /** The stack's name from then on. */
  readonly renamed?: StackName;
}

/** A create of unknown end did make the resource, with this id. */
export interface Adoption {
  readonly urn: string;
  readonly id: string;
}

/** What an update is allowed to do. A run without one may do nothing that changes state. */
export type Binding =
  /** Nothing yet: its plan is being made. An up that asks for its update meanwhile waits for the plan. */
  | { readonly kind: "awaited" }
  /**
   * Refresh of exactly this drift: a deletion of anything else is refused. One that runs the program also does the
   * `changes` of providers and components, which are these; the stack's outputs stay for the up to store.
   */
  | {
      readonly kind: "refresh";
      readonly stateVersion: number;
      readonly drift: readonly Change[];
      readonly changes?: readonly Change[];
      /** The run's up comes next: one that asks for its update already waits until that is bound. */
      readonly upFollows?: boolean;
    }
  /**
   * Up or destroy: a begun step that is not one of these changes is refused. An up that refreshes first takes drift into
   * the state; of that only `drift` may go out of it.
   */
  | {
      readonly kind: "apply";
      readonly stateVersion: number;
      readonly changes: readonly Change[];
      readonly drift?: readonly Change[];
    };

/** A run's own way into the state service. */
export interface StateAccess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Dies with `endRun`. */
  readonly token: string;
  readonly organization: string;
}

/** A step that the state service refused because the plan does not hold it. */
export interface Refusal {
  readonly urn: string;
  readonly operation: string;
  readonly why: string;
}

/** What `endRun` found: whether the state moved, and what the binding stopped. */
export interface RunStateOutcome {
  readonly stateVersion: number;
  readonly refusals: readonly Refusal[];
  /** Steps whose outcome nobody knows (the process died in the middle); kept as pending operations. */
  readonly pending: readonly string[];
}

export interface ImportOptions {
  /** Also where the stack has a state already; that one stays in the history. */
  readonly force?: boolean;
  /** `project/stack` that the deployment's resources are of, where it is another name: they get this stack's. */
  readonly from?: StackName;
  /** Whose doing it is, for the history. */
  readonly by?: string;
}

export interface ImportedState {
  /** Of the state that is there now. */
  readonly version: number;
  readonly resources: number;
  /** Steps whose end nobody saw, as the former backend knew them. */
  readonly pending: readonly PendingOperation[];
  /** Version of the state that it took the place of; missing: there was none, or an empty one. */
  readonly replaced?: number;
}

export interface StateControl {
  /** Makes the stack where it is missing. Answers its state's version (0: nothing was ever stored). */
  ensureStack(stack: StackName): Promise<Result<{ readonly version: number }>>;
  /** All stacks that the service holds state for. */
  stacks(): Promise<
    readonly { readonly name: StackName; readonly version: number; readonly resources: number }[]
  >;
  version(stack: StackName): Promise<number>;
  /** Resources of the newest state. Failures: state-unreadable. */
  resources(
    stack: StackName,
    options?: { readonly openSecrets?: boolean },
  ): Promise<Result<readonly StateResource[]>>;
  /** Steps of the newest state whose outcome is unknown (the checkpoint's pending operations). */
  pending(stack: StackName): Promise<readonly PendingOperation[]>;
  /** Encrypts with the stack's data key, for the run's own config file; the answers are base64, in order. */
  encrypt(stack: StackName, plaintexts: readonly string[]): Promise<readonly string[]>;
  /** The way back, in order; undefined for what was not encrypted with the stack's key. */
  decrypt(stack: StackName, ciphertexts: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** A token that may act for this run on this stack. */
  openRun(run: {
    readonly runId: string;
    readonly stack: StackName;
    /** For people who ask what holds the stack: the commit. */
    readonly about?: string;
    /** As the run's revision says it; the service goes by the newest. */
    readonly organization?: { readonly name: string; readonly aliases: readonly string[] };
  }): Promise<StateAccess>;
  /** Says what the next update of the run may do; replaces the former binding. */
  bind(runId: string, binding: Binding): Promise<void>;
  /** Whether the run may change this resource now: its update lives, and has begun and not ended a step on it. */
  mayMutate(runId: string, urn: string): Promise<boolean>;
  /** Ends the token and any lease it held (the journal is replayed now, not at its expiry). */
  endRun(runId: string): Promise<RunStateOutcome>;
  /** Ends the tokens and leases of all runs that are not in the list: after a crash. */
  endAllBut(runIds: readonly string[]): Promise<void>;
  /** As `pulumi stack export` gives it; secrets stay encrypted unless they are to be opened. */
  exportState(stack: StackName, options?: { readonly openSecrets?: boolean }): Promise<Result<unknown>>;
  /**
   * Takes a deployment over, checked, its secrets encrypted with the stack's key. Failures: config-invalid (the stack has a
   * state already), state-unreadable (it is not whole, or not this stack's), stack-busy.
   */
  importState(stack: StackName, deployment: unknown, options?: ImportOptions): Promise<Result<ImportedState>>;
  removeStack(stack: StackName): Promise<Result<void>>;
  /** Who is at work on which stack; where one stack is asked for, a lease of it that ran out is ended first. */
  leases(stack?: StackName): Promise<readonly Lease[]>;
  /** Ends leases that ran out, and runs that are none any more; but for these runs, which are all that are at work. */
  endExpired(activeRuns: readonly string[]): Promise<void>;
  /** Steps that the stack's holder has begun and not ended, as far as it told. Empty where nobody holds it. */
  underWay(stack: StackName): Promise<readonly PendingOperation[]>;
  /**
   * Ends the stack's lease, whoever holds it: what was done up to now is kept, and its holder can write nothing more.
   * Answers whether there was one.
   */
  unlock(stack: StackName, who: string): Promise<boolean>;
  /**
   * Ends pending operations as `who` says: forgotten, or what they made is taken into the state. All or none.
   * Failures: stack-busy, state-unreadable.
   */
  resolvePending(
    stack: StackName,
    word: { readonly forget: readonly string[]; readonly adopt: readonly Adoption[] },
    who: string,
  ): Promise<Result<void>>;
  /** What was adopted by mistake is pending again, as it was before. Failures: stack-busy, state-unreadable. */
  undoAdoption(stack: StackName, adopted: readonly Adoption[], who: string): Promise<Result<void>>;
  /** What people did since the last `takeHandwork`, oldest first. */
  handwork(): Promise<readonly Handwork[]>;
  takeHandwork(ids: readonly string[]): Promise<void>;
}
