/** How little a round needs to look at, and which CLI it starts before it knows: decided before its plan is made. */
import { isRepair, repairTargets } from "../repair.ts";
import type { Plan } from "../ports/plan.ts";
import type { Targets } from "../ports/pulumi.ts";
import { NOT_AHEAD, prepareAhead, type Ahead } from "../steps/ahead.ts";
import type { Way } from "../steps/apply.ts";
import { differing } from "../steps/differing.ts";
import type { Round } from "./round.ts";

/** With more, reading everything once more takes longer than a refresh of the drift alone with a CLI of its own. */
const MOST_READ_TWICE = 60;

/**
 * Where the program is the deployed one, what there is to apply is drift: an up that reads by itself corrects it without
 * a second CLI. It takes into the state also what differs only since the plan, so nothing may be let be there: from the
 * state on, that is a change like others. Other providers' resources may take a request each.
 */
function correctsDrift({ run, context }: Round): boolean {
  const { drift, ignoreDrift } = run.stack.settings;
  const letsNothingBe = drift.action === "correct" && ignoreDrift.length === 0;
  return run.light && letsNothingBe && context.program.plugins.length === 0;
}

/**
 * What differs, where that is all there can be to do: then nothing else is looked at, but for what depends on it. Not for a
 * person, who may know of something that hosts do not tell: what the program gets from elsewhere.
 */
export async function targetsOf(round: Round): Promise<Targets | undefined> {
  const { run, world, view } = round;
  const unasked = run.mode === "converge" && (run.trigger === "probe" || run.trigger === "drift");
  if (!unasked || !correctsDrift(round)) return undefined;
  const urns = await differing(run, world, view);
  return urns && isRepair(urns) ? { urns, dependents: true } : undefined;
}

/** Nobody waits for a scheduled check; a person who asks has a reason, as the probe has. */
function mayDiffer({ trigger, light, stack }: Round["run"]): boolean {
  if (trigger === "probe") return stack.settings.drift.action === "correct";
  return trigger === "manual" || (!light && trigger !== "drift");
}

/** Worth it only where an apply is likely, and nothing else waits for the cores. */
export function aheadOf(round: Round, targets: Targets | undefined): Ahead {
  const { run, world, signals, context, view } = round;
  const refresh = targets !== undefined || (correctsDrift(round) && view.resources <= MOST_READ_TWICE);
  // A repair that does not read everything reads its targets, which only the plan tells where no probe did.
  const likely = targets !== undefined || (mayDiffer(run) && (!run.light || refresh));
  const applies = run.mode === "converge" && run.stack.settings.managed;
  if (!applies || !likely || !signals.alone()) return NOT_AHEAD;
  const exclude = view.unknown.map(({ urn }) => urn);
  return prepareAhead(world, { ...context, signal: signals.apply }, { exclude, refresh, targets });
}

/** An up that was started ahead and reads drift otherwise than the plan did is of no use. */
export async function wayFor({ run }: Round, plan: Plan, ahead: Ahead): Promise<Way> {
  if (!ahead.refreshes) return { ahead, targets: run.light ? repairTargets(plan) : undefined };
  if (!plan.refreshRunsProgram) return { ahead };
  // Before anything is bound: it waits for just that.
  await ahead.drop();
  return {};
}
