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

/** What an update is allowed to do. A run without one may do nothing that changes state. */
export type Binding =
  /**
   * Refresh of exactly this drift: a deletion of anything else is refused. One that runs the program also does the
   * `changes` of providers and components, which are these; the stack's outputs stay for the up to store.
   */
  | {
      readonly kind: "refresh";
      readonly stateVersion: number;
      readonly drift: readonly Change[];
      readonly changes?: readonly Change[];
    }
  /** Up or destroy: a begun step that is not one of these changes is refused. */
  | { readonly kind: "apply"; readonly stateVersion: number; readonly changes: readonly Change[] };

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
  importState(stack: StackName, deployment: unknown): Promise<Result<{ readonly version: number }>>;
  removeStack(stack: StackName): Promise<Result<void>>;
}
