/** What happens, told once to whoever listens: logs, progress, metrics, notifications. Values are already redacted. */
import type { Failure, Problem } from "./failure.ts";
import type { Plan } from "./ports/plan.ts";
import type { Difference, SilentHost } from "./ports/probe.ts";
import type { RunRecord, StackStatus } from "./ports/records.ts";
import type { Revision } from "./ports/source.ts";
import type { StackName } from "./ports/stack.ts";

export type EngineEvent =
  | { readonly type: "revision-seen"; readonly revision: Revision; readonly at: number }
  /** A part of the new revision cannot be read; the stacks that it does not concern go on. */
  | {
      readonly type: "flaw-seen";
      readonly revision: Revision;
      readonly problem: Problem;
      readonly at: number;
    }
  | { readonly type: "source-failed"; readonly failure: Failure; readonly at: number }
  | { readonly type: "run-started"; readonly run: RunRecord; readonly at: number }
  | {
      readonly type: "step";
      readonly runId: string;
      readonly stack: StackName;
      readonly step: string;
      readonly at: number;
    }
  | {
      readonly type: "resource";
      readonly runId: string;
      readonly stack: StackName;
      readonly urn: string;
      readonly op: string;
      readonly phase: "begin" | "done" | "failed";
      readonly message?: string;
      readonly at: number;
    }
  | {
      readonly type: "planned";
      readonly runId: string;
      readonly stack: StackName;
      readonly plan: Plan;
      readonly at: number;
    }
  | { readonly type: "run-ended"; readonly run: RunRecord; readonly status: StackStatus; readonly at: number }
  /** A probe found what it did not find before: a run is asked for. No differences: what differed is in order again. */
  | {
      readonly type: "probe-found";
      readonly stack: StackName;
      readonly differences: readonly Difference[];
      readonly at: number;
    }
  /** A probe of all stacks with this interval has ended. `ms`: how long it took; `silent`: hosts that do not answer. */
  | {
      readonly type: "probed";
      readonly every: number;
      readonly ms: number;
      readonly stacks: number;
      readonly resources: number;
      readonly differing: number;
      readonly silent: readonly SilentHost[];
      readonly at: number;
    }
  | { readonly type: "process-restarted"; readonly what: string; readonly why: string; readonly at: number }
  | {
      readonly type: "message";
      readonly level: "info" | "warning" | "error";
      readonly text: string;
      readonly at: number;
    };

export type EventListener = (event: EngineEvent) => void;
