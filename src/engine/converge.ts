/** Executes one run from its first step to its end. Whatever happens, it answers how it ended. */
import type { Failure } from "./failure.ts";
import { isOwn } from "./plan.ts";
import { leaseText } from "./ports/lease-text.ts";
import { lightCheck } from "./round/light-check.ts";
import { planAndApply } from "./round/plan-and-apply.ts";
import { end, openRound, type RoundEnd } from "./round/round.ts";
import { cleanups, endedWith, type Run, type RunEnd, type RunSignals, type RunWorld } from "./run.ts";
import { openWorkspace, type Workspace } from "./steps/workspace.ts";

/** Rounds of plan and apply in one run, when each makes progress: resources made inside `apply` show one layer at a time. */
const MAX_ROUNDS = 5;
/** Kinds of resources whose create can be repeated safely: an equal thing is adopted. */
const repeatable = (type: string): boolean => isOwn(type) || type.startsWith("pulumi:");

type Counts = Readonly<Record<string, number>>;

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [op, count] of Object.entries(b)) sum[op] = (sum[op] ?? 0) + count;
  return sum;
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
