/**
 * Metrics for Prometheus, in a registry of their own. Counters and histograms carry no stack: with thousands of
 * stacks each label value would be thousands of series. Gauges of the single stack do, one series each.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EngineEvent, EventListener } from "../engine/event.ts";
import type { CareFacts } from "../engine/ports/care.ts";
import type { RunRecord, StackState, StackStatus } from "../engine/ports/records.ts";
import { careGauges } from "./care-metrics.ts";
import { probeMetrics } from "./probe-metrics.ts";
import type { StackView } from "./stack-view.ts";

export interface MetricsInput {
  /** Every stack as it is now, asked at each scrape. */
  readonly views: () => readonly StackView[] | Promise<readonly StackView[]>;
  /** What guards the data folder; without it those gauges stay 0. */
  readonly care?: () => Promise<CareFacts>;
  /** When the repository was last fetched with success; without it, only new commits count. */
  readonly fetchedAt?: () => number | undefined;
}

export interface Metrics {
  readonly listener: EventListener;
  /** For the Content-Type header. */
  readonly contentType: string;
  /** The exposition, as `/metrics` answers it. */
  text(): Promise<string>;
}

const STATES: readonly StackState[] = [
  "in-sync",
  "pending",
  "drifted",
  "held",
  "orphaned",
  "failed",
  "unknown",
];

/** From a small stack on a fast machine to a timeout. */
const RUN_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 1800];
/** From corrected at once to nobody looked for a month. */
const DRIFT_SECONDS = [1, 5, 30, 60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000];
/** Commits whose stacks may still be under way; older ones are let go. */
const COMMITS_REMEMBERED = 200;

function makeCounters(registry: Registry) {
  const registers = [registry];
  return {
    runs: new Counter({
      name: "holdfast_runs_total",
      help: "Runs that ended, by outcome and by what started them.",
      labelNames: ["outcome", "trigger"],
      registers,
    }),
    runSeconds: new Histogram({
      name: "holdfast_run_duration_seconds",
      help: "How long runs took.",
      labelNames: ["trigger"],
      buckets: RUN_SECONDS,
      registers,
    }),
    convergedSeconds: new Histogram({
      name: "holdfast_commit_to_converged_seconds",
      help: "From when a commit was seen to when a stack was deployed at it.",
      buckets: RUN_SECONDS,
      registers,
    }),
    driftSeconds: new Histogram({
      name: "holdfast_drift_age_seconds",
      help: "From when a stack's drift was found to when there was none any more.",
      buckets: DRIFT_SECONDS,
      registers,
    }),
    sourceFailures: new Counter({
      name: "holdfast_source_failures_total",
      help: "Times that the repository could not be fetched or read.",
      registers,
    }),
    restarts: new Counter({
      name: "holdfast_process_restarts_total",
      help: "Processes of holdfast that died and were started again.",
      labelNames: ["process"],
      registers,
    }),
  };
}

/** Answers a function that brings the gauges up to date; called before a scrape, because the library reads them side by side. */
function makeGauges(registry: Registry, input: MetricsInput, newestCommit: () => number | undefined) {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers });
  const stacks = gauge("holdfast_stacks", "Stacks by state.", ["state"]);
  const state = gauge("holdfast_stack_state", "1 for the state that a stack is in.", ["stack", "state"]);
  const checked = gauge(
    "holdfast_stack_last_check_timestamp_seconds",
    "When a stack's reality was last compared with success.",
    ["stack"],
  );
  const fetched = gauge(
    "holdfast_source_last_success_timestamp_seconds",
    "When the repository was last fetched with success; 0: never.",
    [],
  );
  const care = careGauges(registry);
  return async (): Promise<void> => {
    const views = await input.views();
    care(await input.care?.());
    [checked, state].forEach(each => each.reset());
    for (const name of STATES) stacks.set({ state: name }, views.filter(view => view.state === name).length);
    for (const view of views) {
      state.set({ stack: view.stack, state: view.state }, 1);
      const at = view.status?.checkedAt;
      if (at !== undefined) checked.set({ stack: view.stack }, at / 1000);
    }
    fetched.set((input.fetchedAt?.() ?? newestCommit() ?? 0) / 1000);
  };
}

/** Times that must be kept from one event to the next. */
function makeMemory() {
  const seen = new Map<string, number>();
  const drifting = new Map<string, number>();
  return {
    newest: (): number | undefined => [...seen.values()].at(-1),
    commitSeen(sha: string, at: number): void {
      seen.set(sha, at);
      for (const old of [...seen.keys()].slice(0, -COMMITS_REMEMBERED)) seen.delete(old);
    },
    /** Milliseconds since the commit was seen, for the run that deployed it. */
    sinceCommit({ revision, startedAt }: RunRecord, { deployed, deployedAt }: StackStatus, at: number) {
      if (!revision) return undefined;
      const first = deployed?.sha === revision.sha && deployedAt !== undefined && deployedAt >= startedAt;
      const from = seen.get(revision.sha);
      return first && from !== undefined ? at - from : undefined;
    },
    driftFound: (stack: string, at: number): void => void (drifting.has(stack) || drifting.set(stack, at)),
    /** Milliseconds that the stack drifted, where it did and does not any more. */
    driftEnded(stack: string, at: number): number | undefined {
      const from = drifting.get(stack);
      drifting.delete(stack);
      return from === undefined ? undefined : at - from;
    },
  };
}

export function createMetrics(input: MetricsInput): Metrics {
  const registry = new Registry();
  const counters = makeCounters(registry);
  const probes = probeMetrics(registry);
  const memory = makeMemory();
  const refresh = makeGauges(registry, input, memory.newest);

  const runEnded = (run: RunRecord, status: StackStatus, at: number): void => {
    const { trigger, stack, outcome = "failed" } = run;
    counters.runs.inc({ outcome, trigger });
    counters.runSeconds.observe({ trigger }, Math.max(0, at - run.startedAt) / 1000);
    const converged = memory.sinceCommit(run, status, at);
    if (converged !== undefined) counters.convergedSeconds.observe(converged / 1000);
    if (status.drifted) return memory.driftFound(stack, at);
    const drifted = memory.driftEnded(stack, at);
    if (drifted !== undefined) counters.driftSeconds.observe(drifted / 1000);
  };

  const listener = (event: EngineEvent): void => {
    switch (event.type) {
      case "revision-seen":
        return memory.commitSeen(event.revision.sha, event.at);
      case "source-failed":
        return counters.sourceFailures.inc();
      case "planned":
        if (event.plan.drift.length > 0) memory.driftFound(event.stack, event.at);
        return;
      case "run-ended":
        return runEnded(event.run, event.status, event.at);
      case "process-restarted":
        return counters.restarts.inc({ process: event.what });
      case "probe-found":
        return probes.found();
      case "probed":
        return probes.ended(event);
      case "flaw-seen":
      case "run-started":
      case "step":
      case "resource":
      case "message":
        return;
    }
  };
  return {
    listener,
    contentType: registry.contentType,
    text: () => refresh().then(() => registry.metrics()),
  };
}
