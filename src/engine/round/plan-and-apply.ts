/** A look with the program, the gates, and what passes them. */
import { adoptedInVain } from "../adopted.ts";
import { fail, ok, type Result } from "../failure.ts";
import { judge, takesAway, type GateContext } from "../gate.ts";
import { isEmpty, isEngineOwn } from "../plan.ts";
import type { Plan } from "../ports/plan.ts";
import type { OperationContext } from "../ports/pulumi.ts";
import { endedWith } from "../run.ts";
import { NOT_AHEAD, type Ahead } from "../steps/ahead.ts";
import { applyDestroy, applyPlan } from "../steps/apply.ts";
import { lookAtDestroy, makeLook, type How, type Look, type Scope } from "../steps/look.ts";
import { applied, base, type Seen } from "./ends.ts";
import { aheadOf, likelyScope, scopeOf, wayFor } from "./scope.ts";
import { driftSeen, end, type Round, type RoundEnd } from "./round.ts";

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

/** Whether there is anything to do: a new revision of a stack of ours is applied also when it changes no resource, for its outputs. */
function nothingToDo(round: Round, plan: Plan, managed: boolean): boolean {
  if (!isEmpty(plan)) return false;
  if (round.run.mode === "destroy") return round.view.version === 0;
  return round.run.light || (!managed && round.view.version > 0);
}

/** What a run deletes or replaces is in no later state: a backup is made of the one that still has it. */
async function savedBefore({ run, world }: Round, plan: Plan): Promise<Result<void>> {
  const destructive = plan.changes.some(change => takesAway(change) && !isEngineOwn(change.type));
  if (!destructive) return ok(undefined);
  const at = world.clock.now();
  world.emit({ type: "step", runId: run.id, stack: run.stack.name, step: "backup", at });
  return world.care.beforeDestructive(`run ${run.id} of ${run.stack.name}`);
}

/**
 * While hosts are asked whether all is as the state says, the CLI comes up as if it were, which it mostly is. Where it is
 * not, that one is of no use.
 */
export async function planAndApply(round: Round): Promise<RoundEnd> {
  const likely = likelyScope(round);
  let ahead = likely ? aheadOf(round, likely) : NOT_AHEAD;
  try {
    ahead.begin();
    const scope = await scopeOf(round);
    if (scope.refresh !== likely?.refresh) {
      await ahead.drop();
      ahead = aheadOf(round, scope);
    }
    return await planned(round, ahead, scope);
  } finally {
    await ahead.drop();
  }
}

/** Fails also where something that a person said was made turns out not to be there. */
async function lookAt(
  { run, world, workspace, view }: Round,
  context: OperationContext,
  how: How,
): Promise<Result<Look>> {
  const make = run.mode === "destroy" ? lookAtDestroy : makeLook;
  const looked = await make(run, world, context, workspace, view, how);
  const unknown = view.unknown.map(({ urn }) => urn);
  const missing = await adoptedInVain(run, world, looked.ok ? ok(looked.value.drift) : looked, unknown);
  return missing ? fail(missing) : looked;
}

async function planned(round: Round, ahead: Ahead, scope: Scope): Promise<RoundEnd> {
  const { run, world, view } = round;
  const destroy = run.mode === "destroy";
  const looking: OperationContext = {
    ...round.context,
    onProgress: step => {
      // By then the plan's own CLI has come up.
      ahead.begin();
      round.context.onProgress?.(step);
    },
  };
  const looked = await lookAt(round, looking, { ...scope, first: ahead.look });
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
    : await applyPlan(run, world, applying, plan, await wayFor(round, plan, ahead));
  return applied(seen, result);
}
