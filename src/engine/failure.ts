/**
 * Everything that can go wrong in a way we expect, sorted by what happens next (design section 7).
 * A failure is a plain value. An exception, in contrast, is a bug of ours.
 */

/** A place in a file of the watched repository or of the settings; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is wrong with what somebody wrote, and where. `hint` is the way out. */
export interface Problem {
  readonly message: string;
  readonly place?: Place;
  readonly hint?: string;
}

/** A commit that is not taken; all texts are in one line. `why` says what is wrong as a sentence in lower case. */
export interface UntrustedCommit {
  readonly sha: string;
  /** Name and e-mail, as the commit says them. */
  readonly author: string;
  readonly subject: string;
  readonly why: string;
}

/** A person must act; nothing is tried again before the revision or the settings change. */
export type Stalled = { readonly kind: "stalled" } & (
  | { readonly reason: "config-invalid"; readonly problems: readonly Problem[] }
  | { readonly reason: "dependency-cycle"; readonly cycle: readonly string[] }
  | {
      readonly reason: "secret-unreadable";
      readonly file: string;
      readonly why: string;
      readonly hint?: string;
    }
  | { readonly reason: "history-rewritten"; readonly deployed: string; readonly head: string }
  | {
      readonly reason: "signature-untrusted";
      /** The branch's head, or the commit that somebody asked for. */
      readonly head: string;
      /** Oldest first; at least one, and not more than a person reads. */
      readonly commits: readonly UntrustedCommit[];
    }
  | { readonly reason: "branch-missing"; readonly branch: string }
  | { readonly reason: "repository-refused"; readonly path: string; readonly why: string }
  | { readonly reason: "program-failed"; readonly message: string }
  | { readonly reason: "plugin-missing"; readonly plugin: string; readonly how: string }
  | { readonly reason: "resource-invalid"; readonly problems: readonly Problem[] }
  /** A create whose outcome nobody knows, of a kind that holdfast cannot look up or repeat by itself. */
  | {
      readonly reason: "outcome-unknown";
      readonly urns: readonly string[];
      /** Of the first one, where a person said that it was made: what speaks against it. */
      readonly why?: string;
    }
  | { readonly reason: "state-unreadable"; readonly why: string; readonly hint?: string }
  /** Nothing is run on it, and nothing of it is deleted. */
  | {
      readonly reason: "database-damaged";
      readonly folder: string;
      readonly why: string;
      /** The newest backup, where one is known: milliseconds since the epoch, and where it is. */
      readonly backup?: { readonly at: number; readonly name: string; readonly where: string };
    }
  /** The age key that opens the state's data keys is not here. */
  | { readonly reason: "key-missing"; readonly why: string; readonly hint: string }
  | { readonly reason: "plan-refused"; readonly gate: string; readonly why: string; readonly hint?: string }
  | { readonly reason: "gave-up"; readonly attempts: number; readonly last: Transient }
);

/** Something else comes first: another stack, a person's word, a point in time. */
export type Waiting = { readonly kind: "waiting" } & (
  | { readonly reason: "dependency-not-ready"; readonly on: readonly string[] }
  | { readonly reason: "approval-needed"; readonly digest: string }
  | { readonly reason: "limit-exceeded"; readonly digest: string; readonly why: string }
  | { readonly reason: "protected"; readonly digest: string; readonly urns: readonly string[] }
  | {
      readonly reason: "everything-vanished";
      readonly digest: string;
      readonly gone: number;
      readonly total: number;
    }
  | { readonly reason: "outside-window"; readonly opens?: number }
  | { readonly reason: "first-apply" }
  | { readonly reason: "not-managed" }
  | { readonly reason: "orphaned" }
  | { readonly reason: "stack-busy"; readonly by: string }
  | { readonly reason: "paused"; readonly why: string; readonly by?: string }
  /** A run that takes something away waits for a good backup. */
  | { readonly reason: "backup-failed"; readonly why: string; readonly hint?: string }
  /** In bytes. */
  | {
      readonly reason: "disk-nearly-full";
      readonly folder: string;
      readonly free: number;
      readonly needed: number;
    }
);

/** May pass by itself: tried again with backoff and jitter, a bounded number of times. */
export type Transient = { readonly kind: "transient" } & (
  | { readonly reason: "fetch-failed"; readonly url: string; readonly why: string }
  | { readonly reason: "install-failed"; readonly folder: string; readonly why: string }
  | { readonly reason: "host-unreachable"; readonly host: string; readonly why: string }
  | { readonly reason: "check-failed"; readonly errors: readonly ResourceError[] }
  | { readonly reason: "apply-failed"; readonly errors: readonly ResourceError[] }
  | { readonly reason: "plan-outdated"; readonly why: string; readonly progressed: boolean }
  | { readonly reason: "timed-out"; readonly what: string; readonly afterMs: number }
  | { readonly reason: "process-died"; readonly what: string; readonly how: string }
  | { readonly reason: "cli-failed"; readonly exitCode: number; readonly message: string }
  /** Full, or not to be written. `folder`, of our own, and the bytes that are free in its file system, where that is known. */
  | { readonly reason: "disk"; readonly why: string; readonly folder?: string; readonly free?: number }
  /** A bug of ours, caught at the run's edge so that the other stacks go on. */
  | { readonly reason: "internal-error"; readonly message: string; readonly stack: string }
);

/** We are stopping, or something newer takes this run's place. Nothing is tried again. */
export type Aborted = { readonly kind: "aborted" } & (
  { readonly reason: "shutting-down" } | { readonly reason: "superseded"; readonly by: string }
);

export type Failure = Stalled | Waiting | Transient | Aborted;

/** What one resource's step ended with. */
export interface ResourceError {
  readonly urn?: string;
  readonly message: string;
}

/** What every operation that can fail in an expected way answers. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const fail = (failure: Failure): { ok: false; failure: Failure } => ({ ok: false, failure });

export const configInvalid = (problems: readonly Problem[]): Failure => ({
  kind: "stalled",
  reason: "config-invalid",
  problems,
});

/** Expected failures on their way through methods that answer no Result: errors that carry them. */
const carried = new WeakMap<Error, Failure>();

export function withFailure(failure: Failure, message: string): Error {
  const error = new Error(message);
  carried.set(error, failure);
  return error;
}

/** Undefined: the error is a bug, or something else. */
export const failureIn = (error: unknown): Failure | undefined =>
  error instanceof Error ? carried.get(error) : undefined;
