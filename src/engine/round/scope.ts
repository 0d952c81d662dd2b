/** How much a round looks at, and with which CLI: decided before its plan is made. */
import { isRepair, repairTargets } from "../repair.ts";
import type { Plan } from "../ports/plan.ts";
import { NOT_AHEAD, prepareAhead, type Ahead } from "../steps/ahead.ts";
import type { Way } from "../steps/apply.ts";
import { canTell, differing } from "../steps/differing.ts";
import type { Scope } from "../steps/look.ts";
import type { Round } from "./round.ts";

/** With more, reading everything once more takes longer than a CLI of its own for the plan. */
const MOST_READ_TWICE = 60;

const ALL: Scope = { refresh: true };

/**
 * Where the program is the deployed one, what there is to apply is drift: an up that reads by itself corrects it without
 * another CLI. It takes into the state also what differs only since the plan, so nothing may be let be there: from the
 * state on, that is a change like others. Other providers' resources may take a request each.
 */
function correctsDrift({ run, context }: Round): boolean {
  const { drift, ignoreDrift } = run.stack.settings;
  const letsNothingBe = drift.action === "correct" && ignoreDrift.length === 0;
  return run.light && letsNothingBe && context.program.plugins.length === 0;
}

/**
 * A new revision is planned from the state where that is known to be what is there. A repair that nobody asked for looks at
 * what differs, and at what depends on it: a person may know of something that hosts do not tell, such as what the program
 * gets from elsewhere.
 */
export async function scopeOf(round: Round): Promise<Scope> {
  const { run, world, view } = round;
  if (run.mode !== "converge") return ALL;
  if (view.version === 0) return { refresh: false };
  const repairs = (run.trigger === "probe" || run.trigger === "drift") && correctsDrift(round);
  const urns = run.trustsState || repairs ? await differing(run, world, view) : undefined;
  if (!urns) return ALL;
  if (run.trustsState) return { refresh: urns.length > 0 };
  return isRepair(urns) ? { refresh: true, targets: { urns, dependents: true } } : ALL;
}

/** What `scopeOf` will most likely say where it has to ask hosts; undefined where it need not, or nobody can tell. */
export function likelyScope({ run, view, signals }: Round): Scope | undefined {
  const asks = run.mode === "converge" && run.trustsState && canTell(view);
  return asks && signals.alone() ? { refresh: false } : undefined;
}

/** One CLI makes the plan and applies it: what it reads it reads twice. */
function readsLittle(round: Round, { refresh, targets }: Scope): boolean {
  return (
    !refresh || targets !== undefined || (correctsDrift(round) && round.view.resources <= MOST_READ_TWICE)
  );
}

/** Whether there is likely something to apply: nobody waits for a scheduled check, and a person who asks has a reason. */
function mayDiffer({ trigger, light, stack }: Round["run"]): boolean {
  if (trigger === "probe") return !light && stack.settings.drift.action === "correct";
  return !light && trigger !== "drift";
}

/** Beside the plan's own CLI it is worth it only where an apply is likely. */
export function aheadOf(round: Round, scope: Scope): Ahead {
  const { run, world, signals, context, view } = round;
  if (run.mode !== "converge" || !run.stack.settings.managed) return NOT_AHEAD;
  const exclude = view.unknown.map(({ urn }) => urn);
  const applying = { ...context, signal: signals.apply };
  // With others under way each core has work already, and what is prepared for nothing would only cost.
  const alone = signals.alone();
  if (readsLittle(round, scope))
    return prepareAhead(world, applying, {
      ...scope,
      exclude,
      looking: signals.look,
      soon: alone ? ["preview", "up"] : ["preview"],
    });
  if (!mayDiffer(run) || !alone) return NOT_AHEAD;
  return prepareAhead(world, applying, { exclude, refresh: false, soon: ["up"] });
}

/** An up that was started ahead and reads with other provider settings than the plan did is of no use. */
export async function wayFor({ run }: Round, plan: Plan, ahead: Ahead): Promise<Way> {
  if (!ahead.look) return { ahead, targets: run.light ? repairTargets(plan) : undefined };
  if (!plan.refreshRunsProgram) return { ahead };
  // Before anything is bound: it waits for just that.
  await ahead.drop();
  return {};
}
