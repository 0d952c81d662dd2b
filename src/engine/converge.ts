/** Executes one run from its first step to its end. Whatever happens, it answers how it ended. */
import { driftRecords, type SortedDrift } from "./drift.ts";
import type { Failure, Result } from "./failure.ts";
import { judge, takesAway, type GateContext } from "./gate.ts";
import { isEmpty, isEngineOwn } from "./plan.ts";
import { leaseText } from "./ports/lease-text.ts";
import type { Plan, UnknownResource } from "./ports/plan.ts";
import type { Applied, OperationContext } from "./ports/pulumi.ts";
import type { DriftRecord } from "./ports/records.ts";
import { mayBeCredential } from "./provider-settings.ts";
import { cleanups, endedWith, type Run, type RunEnd, type RunSignals, type RunWorld } from "./run.ts";
import { NOT_AHEAD, prepareAhead, type Ahead } from "./steps/ahead.ts";
import { applyDestroy, applyPlan, judgeApply } from "./steps/apply.ts";
import { checkDrift, lookAtDestroy, makeLook, type Look } from "./steps/look.ts";
import { openSession, openWorkspace, viewState, type StateView, type Workspace } from "./steps/workspace.ts";

/** Rounds of plan and apply in one run, when each makes progress: resources made inside `apply` show one layer at a time. */
const MAX_ROUNDS = 5;
/** Kinds of resources whose create can be repeated safely: an equal thing is adopted. */
const repeatable = (type: string): boolean => type.startsWith("holdfast:") || type.startsWith("pulumi:");

interface Round {
  readonly run: Run;
  readonly world: RunWorld;
  readonly signals: RunSignals;
  readonly workspace: Workspace;
  readonly view: StateView;
  readonly context: OperationContext;
  /** Closes the round's port and token; answers what the state service saw. Safe to call twice. */
  readonly close: () => Promise<Awaited<ReturnType<RunWorld["state"]["endRun"]>>>;
}

/** A round's end, or the wish for another round. */
type RoundEnd =
  | { readonly again: false; readonly end: RunEnd }
  /** With the end that it is if there may be no more rounds. */
  | { readonly again: true; readonly soFar: RunEnd };
type Counts = Readonly<Record<string, number>>;

const end = (value: RunEnd): RoundEnd => ({ again: false, end: value });

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [op, count] of Object.entries(b)) sum[op] = (sum[op] ?? 0) + count;
  return sum;
}

async function gateContext(round: Round, plan: Plan): Promise<GateContext> {
  const { run, world } = round;
  const { name, settings } = run.stack;
  const [approval, taken, firstAllowed] = await Promise.all([
    world.records.approval(name, plan.digest),
    world.records.setting(`managed:${name}`),
    world.records.firstAllowed(name),
  ]);
  const managed = settings.managed || Boolean(taken) || run.mode === "destroy";
  return { settings, now: world.clock.now(), managed, firstAllowed, approved: approval !== undefined };
}

async function driftSeen(
  round: Round,
  sorted: SortedDrift,
  result: "reported" | "corrected" | "open",
): Promise<readonly DriftRecord[]> {
  const { run, world } = round;
  const known = await world.records.drift(run.stack.name);
  return driftRecords(known, { stack: run.stack.name, run: run.id, now: world.clock.now(), sorted, result });
}

/** A light check: if it finds drift that is to be corrected, or cannot read, a full plan follows in the same run. */
async function lightCheck(round: Round): Promise<RunEnd | "look-closer"> {
  const { run, world, context, view } = round;
  const seen = await checkDrift(run, world, context, view);
  const closer = run.light && run.mode !== "check";
  // The program may have a newer credential than the state, as those have that it asks for each time.
  if (!seen.ok && closer && mayBeCredential(seen.failure)) return "look-closer";
  if (!seen.ok) return endedWith(seen.failure, { unknown: view.unknown, resources: view.resources });
  const drifted = seen.value.counted.length > 0;
  if (drifted && closer) return "look-closer";
  const drift = await driftSeen(round, seen.value, drifted ? "reported" : "open");
  return {
    outcome: drifted ? "drifted" : "unchanged",
    checked: true,
    full: false,
    drifted,
    drift,
    unknown: view.unknown,
    applied: run.light && !drifted && view.unknown.length === 0,
    resources: view.resources,
    references: view.references,
    ...unreachable(view.unknown),
  };
}

/** A dead target is tried again; the others are done. */
function unreachable(unknown: readonly UnknownResource[]): { failure?: Failure } {
  const first = unknown[0];
  return first
    ? { failure: { kind: "transient", reason: "host-unreachable", host: first.urn, why: first.why } }
    : {};
}

interface Seen {
  readonly round: Round;
  readonly look: Look;
  readonly driftLeft: boolean;
}

function base(seen: Seen, more: Partial<RunEnd>): RunEnd {
  const { view } = seen.round;
  return {
    outcome: "unchanged",
    plan: seen.look.plan,
    checked: true,
    full: true,
    drifted: seen.driftLeft,
    unknown: view.unknown,
    applied: false,
    resources: view.resources,
    references: view.references,
    ...unreachable(view.unknown),
    ...more,
  };
}

/** Resources and references as they are after an apply. */
async function viewAfter(round: Round): Promise<Partial<RunEnd>> {
  const after = await viewState(round.run, round.world);
  return after.ok ? { resources: after.value.resources, references: after.value.references } : {};
}

async function applied(seen: Seen, result: Result<Applied>): Promise<RoundEnd> {
  const { round, look } = seen;
  const ended = await round.close();
  const held = await driftSeen(round, look.drift, "open");
  const drifted = look.plan.drift.length > 0 || seen.driftLeft;
  const after = await viewAfter(round);
  const failure = judgeApply(result, ended.refusals);
  const { counts, diagnostics } = result.ok ? result.value : { counts: {}, diagnostics: [] };
  const log = diagnostics.join("\n");
  if (failure) {
    const failed = base(seen, { outcome: "failed", failure, counts, drifted, drift: held, log, ...after });
    const progressed = failure.reason === "plan-outdated" && failure.progressed;
    return progressed ? { again: true, soFar: failed } : end(failed);
  }
  if (round.run.mode === "destroy")
    return end(base(seen, { outcome: "converged", counts, log, ...after, gone: after.resources === 0 }));
  const drift = await driftSeen(round, look.drift, look.plan.drift.length > 0 ? "corrected" : "reported");
  const outcome = seen.driftLeft ? "drifted" : "converged";
  return end(
    base(seen, { outcome, counts, drift, log, applied: seen.round.view.unknown.length === 0, ...after }),
  );
}

/** Whether there is anything to do: a new revision of a stack of ours is applied also when it changes no resource, for its outputs. */
function nothingToDo(round: Round, plan: Plan, managed: boolean): boolean {
  if (!isEmpty(plan)) return false;
  if (round.run.mode === "destroy") return round.view.version === 0;
  return round.run.light || (!managed && round.view.version > 0);
}

/** Worth it only where an apply is likely, and nothing else waits for the cores. */
function aheadOf({ run, world, signals, context, view }: Round): Ahead {
  const likely =
    run.mode === "converge" && !run.light && run.trigger !== "drift" && run.stack.settings.managed;
  if (!likely || !signals.alone()) return NOT_AHEAD;
  const exclude = view.unknown.map(({ urn }) => urn);
  return prepareAhead(world, { ...context, signal: signals.apply }, exclude);
}

/** What a run deletes or replaces is in no later state: a backup is made of the one that still has it. */
async function savedBefore({ run, world }: Round, plan: Plan): Promise<Result<void>> {
  const destructive = plan.changes.some(change => takesAway(change) && !isEngineOwn(change.type));
  if (!destructive) return { ok: true, value: undefined };
  const at = world.clock.now();
  world.emit({ type: "step", runId: run.id, stack: run.stack.name, step: "backup", at });
  return world.care.beforeDestructive(`run ${run.id} of ${run.stack.name}`);
}

async function planAndApply(round: Round): Promise<RoundEnd> {
  const ahead = aheadOf(round);
  try {
    return await planned(round, ahead);
  } finally {
    await ahead.drop();
  }
}

async function planned(round: Round, ahead: Ahead): Promise<RoundEnd> {
  const { run, world, workspace, view } = round;
  const destroy = run.mode === "destroy";
  const looking: OperationContext = {
    ...round.context,
    onProgress: step => {
      // By then the plan's own CLI has come up.
      ahead.begin();
      round.context.onProgress?.(step);
    },
  };
  const looked = await (destroy ? lookAtDestroy : makeLook)(run, world, looking, workspace, view);
  if (!looked.ok)
    return end(
      endedWith(looked.failure, {
        unknown: view.unknown,
        resources: view.resources,
        references: view.references,
      }),
    );
  const { plan, drift } = looked.value;
  world.emit({ type: "planned", runId: run.id, stack: run.stack.name, plan, at: world.clock.now() });
  const driftLeft = !destroy && run.stack.settings.drift.action === "notify" && drift.counted.length > 0;
  const seen: Seen = { round, look: looked.value, driftLeft };
  const drifted = drift.counted.length > 0;
  if (run.mode === "plan") return end(base(seen, { outcome: "planned", drifted }));
  const gates = await gateContext(round, plan);
  if (nothingToDo(round, plan, gates.managed)) {
    if (destroy) return end(base(seen, { gone: true }));
    const records = await driftSeen(round, drift, "reported");
    return end(
      base(seen, {
        outcome: driftLeft ? "drifted" : "unchanged",
        drift: records,
        applied: view.unknown.length === 0,
      }),
    );
  }
  const verdict = judge(plan, gates);
  if (!verdict.pass)
    return end(
      base(seen, {
        outcome: "held",
        failure: verdict.failure,
        drifted,
        drift: await driftSeen(round, drift, "open"),
      }),
    );
  const newer = round.signals.newer();
  if (newer !== undefined)
    return end(
      base(seen, {
        outcome: "aborted",
        failure: { kind: "aborted", reason: "superseded", by: newer },
        drifted,
      }),
    );
  const saved = await savedBefore(round, plan);
  if (!saved.ok) return end(base(seen, { outcome: "held", failure: saved.failure, drifted }));
  world.emit({ type: "step", runId: run.id, stack: run.stack.name, step: "apply", at: world.clock.now() });
  const applying = { ...round.context, signal: round.signals.apply };
  const result = destroy
    ? await applyDestroy(run, world, applying, plan)
    : await applyPlan(run, world, applying, plan, ahead);
  return applied(seen, result);
}

/** A state that somebody else is changing is not looked at: it is another one in a moment. */
async function heldByOther(run: Run, world: RunWorld): Promise<Failure | undefined> {
  const leases = await world.state.leases(run.stack.name);
  const lease = leases.find(({ run: holder }) => holder !== run.id);
  return lease && { kind: "waiting", reason: "stack-busy", by: leaseText(lease) };
}

/** Creates of an earlier run whose outcome nobody knows and that cannot be repeated: a person's to look into. */
async function unknownOutcomes(run: Run, world: RunWorld): Promise<readonly string[]> {
  const pending = await world.state.pending(run.stack.name);
  return pending
    .filter(({ operation, type }) => operation === "creating" && !repeatable(type))
    .map(({ urn }) => urn);
}

async function openRound(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  workspace: Workspace,
): Promise<Result<Round>> {
  const view = await viewState(run, world);
  if (!view.ok) return view;
  const session = await openSession(run, world, signals, workspace);
  let closing: ReturnType<Round["close"]> | undefined;
  const close = (): ReturnType<Round["close"]> =>
    (closing ??= world.providers.close(run.id).then(() => world.state.endRun(run.id)));
  if (!session.ok) {
    await close();
    return session;
  }
  return {
    ok: true,
    value: { run, world, signals, workspace, view: view.value, context: session.value, close },
  };
}

async function oneRound(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  workspace: Workspace,
  light: boolean,
): Promise<RoundEnd> {
  const opened = await openRound(run, world, signals, workspace);
  if (!opened.ok) return end(endedWith(opened.failure));
  const round = opened.value;
  try {
    const looked = light ? await lightCheck(round) : "look-closer";
    return looked === "look-closer" ? await planAndApply(round) : end(looked);
  } finally {
    await round.close();
  }
}

async function rounds(run: Run, world: RunWorld, signals: RunSignals, workspace: Workspace): Promise<RunEnd> {
  let counts: Counts = {};
  let light = run.mode === "check" || (run.light && run.trigger === "drift");
  for (let round = 1; ; round++) {
    const ended = await oneRound(run, world, signals, workspace, light);
    const last = ended.again ? ended.soFar : ended.end;
    counts = addCounts(counts, last.counts ?? {});
    if (!ended.again || round === MAX_ROUNDS)
      return Object.keys(counts).length > 0 ? { ...last, counts } : last;
    light = false;
  }
}

/** Looks, judges, applies. Never rejects for an expected failure. */
export async function execute(run: Run, world: RunWorld, signals: RunSignals): Promise<RunEnd> {
  const undo = cleanups();
  const started = world.clock.now();
  try {
    const busy = await heldByOther(run, world);
    if (busy) return endedWith(busy);
    const workspace = await openWorkspace(run, world, signals, undo);
    if (!workspace.ok) return endedWith(workspace.failure);
    const unknown = await unknownOutcomes(run, world);
    if (unknown.length > 0 && run.mode !== "plan" && run.mode !== "check") {
      return endedWith({ kind: "stalled", reason: "outcome-unknown", urns: unknown });
    }
    const ready = world.clock.now();
    const ended = await rounds(run, world, signals, workspace.value);
    return {
      ...ended,
      timings: { prepare: ready - started, work: world.clock.now() - ready, ...ended.timings },
    };
  } finally {
    await undo.run();
  }
}
