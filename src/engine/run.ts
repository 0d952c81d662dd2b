/** One pass of one stack at one revision: its words, and what it needs of the world. */
import type { EngineEvent } from "./event.ts";
import type { Failure, Result } from "./failure.ts";
import type { DataCare } from "./ports/care.ts";
import type { Clock } from "./ports/clock.ts";
import type { Plan, UnknownResource } from "./ports/plan.ts";
import type { ProgramInstaller, WorkerPool } from "./ports/program.ts";
import type { ProviderHost } from "./ports/provider.ts";
import type { Pulumi } from "./ports/pulumi.ts";
import type { DriftRecord, Records, RunMode, RunOutcome, Trigger } from "./ports/records.ts";
import type { SecretReader } from "./ports/secrets.ts";
import type { Checkout, Revision } from "./ports/source.ts";
import type { StackDefinition, StackName } from "./ports/stack.ts";
import type { StateControl } from "./ports/state.ts";

export interface Run {
  readonly id: string;
  readonly stack: StackDefinition;
  readonly organization: string;
  readonly organizationAliases: readonly string[];
  /** Packages whose install scripts may run. */
  readonly allowScripts: readonly string[];
  readonly mode: RunMode;
  readonly trigger: Trigger;
  readonly revision: Revision;
  readonly startedAt: number;
  readonly by?: string;
  /** Whether this revision is the one that is deployed: then drift may be looked for without the program. */
  readonly light: boolean;
  /** Whether it is a new one, and the last run left nothing open: then it may be planned without a refresh. */
  readonly trustsState: boolean;
  /** The status' own, when this run began. */
  readonly touchedAt?: number;
  /** The head, where the stack cannot be read there: this run looks after it as it is deployed. */
  readonly behind?: string;
}

export interface RunWorld {
  readonly checkout: (sha: string) => Promise<Result<Checkout>>;
  readonly installer: ProgramInstaller;
  readonly workers: WorkerPool;
  readonly secrets: SecretReader;
  readonly pulumi: Pulumi;
  readonly providers: ProviderHost;
  readonly state: StateControl;
  readonly records: Records;
  readonly care: DataCare;
  readonly clock: Clock;
  readonly emit: (event: EngineEvent) => void;
}

export interface RunSignals {
  /** Ends the run while it only looks. */
  readonly look: AbortSignal;
  /** Ends an apply under way; given some time after `look`. */
  readonly apply: AbortSignal;
  /** A newer revision that should be planned instead, asked just before an apply. */
  readonly newer: () => string | undefined;
  /** No other run is under way or waits to begin. */
  readonly alone: () => boolean;
}

/** How a run ended: all that the status is made from. */
export interface RunEnd {
  readonly outcome: RunOutcome;
  readonly failure?: Failure;
  readonly plan?: Plan;
  readonly counts?: Readonly<Record<string, number>>;
  /** Reality was compared with success (of everything that is not in `unknown`). */
  readonly checked: boolean;
  /** The program was run: a full plan, not only a refresh. */
  readonly full: boolean;
  /** Drift was seen and still stands. */
  readonly drifted: boolean;
  readonly drift?: readonly DriftRecord[];
  readonly unknown: readonly UnknownResource[];
  /** The program's wishes and the state agree at this revision. */
  readonly applied: boolean;
  /** A destroy left nothing: the stack is to be forgotten. */
  readonly gone?: boolean;
  readonly resources?: number;
  readonly references?: readonly StackName[];
  readonly timings?: Readonly<Record<string, number>>;
  readonly log?: string;
}

/** An end without anything seen. */
export function endedWith(failure: Failure, more: Partial<RunEnd> = {}): RunEnd {
  const outcome: RunOutcome =
    failure.kind === "waiting" ? "held" : failure.kind === "aborted" ? "aborted" : "failed";
  return {
    outcome,
    failure,
    checked: false,
    full: false,
    drifted: false,
    unknown: [],
    applied: false,
    ...more,
  };
}

/** Runs what was put in, last first, and all of it even where one throws; the first error is thrown at the end. */
export function cleanups(): { add(undo: () => unknown): void; run(): Promise<void> } {
  const stack: (() => unknown)[] = [];
  return {
    add: undo => void stack.push(undo),
    async run() {
      const errors: unknown[] = [];
      for (let undo = stack.pop(); undo; undo = stack.pop()) {
        try {
          await undo();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
