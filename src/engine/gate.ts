/** Gates: pure judgements of a plan. A plan passes when every gate lets it. */
import picomatch from "picomatch";
import { isEmpty, isEngineOwn, ownChanges } from "./plan.ts";
import type { Waiting } from "./failure.ts";
import type { Change, Plan } from "./ports/plan.ts";
import type { StackSettings } from "./ports/stack.ts";
import { nextOpening } from "./window.ts";

export type Verdict = { readonly pass: true } | { readonly pass: false; readonly failure: Waiting };

export interface GateContext {
  readonly settings: StackSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** holdfast.yaml names the stack, or a person took it over. */
  readonly managed: boolean;
  /** A person (or the settings) allowed the first apply of a stack without state. */
  readonly firstAllowed: boolean;
  /** A person approved exactly this digest. */
  readonly approved: boolean;
}

/** Deletions and replacements together that need no word of a person. */
const FREE_CHANGES = 5;
/** The same as a share of the stack, where that is more. */
const FREE_PERCENT = 30;
/** Fewer vanished resources than this are an accident of their own, not an unreachable target. */
const VANISHED_LEAST = 3;

const PASS: Verdict = { pass: true };
const hold = (failure: Waiting): Verdict => ({ pass: false, failure });

const deletes = (plan: Plan): number => ownChanges(plan.changes).filter(({ op }) => op === "delete").length;
/** A replacement is one change, however many steps it has. */
function replaces(plan: Plan): number {
  const urns = ownChanges(plan.changes).filter(({ op }) => op === "replace" || op === "create-replacement");
  return new Set(urns.map(({ urn }) => urn)).size;
}

function exceeded(plan: Plan, settings: StackSettings): string | undefined {
  const { limits } = settings;
  const gone = deletes(plan);
  const made = replaces(plan);
  const share = plan.resources === 0 ? 0 : ((gone + made) / plan.resources) * 100;
  const ofStack = `of the stack's ${plan.resources} resources`;
  if (limits.deletes !== undefined && gone > limits.deletes)
    return `${gone} deletions, ${limits.deletes} allowed`;
  if (limits.replaces !== undefined && made > limits.replaces)
    return `${made} replacements, ${limits.replaces} allowed`;
  if (limits.percent !== undefined && share > limits.percent)
    return `${gone} deletions and ${made} replacements ${ofStack}, ${limits.percent} % allowed`;
  if (Object.keys(limits).length > 0) return undefined;
  const free = Math.max(FREE_CHANGES, Math.floor((plan.resources * FREE_PERCENT) / 100));
  if (gone + made > free) return `${gone} deletions and ${made} replacements ${ofStack}, ${free} allowed`;
  if (plan.resources > 1 && gone >= plan.resources)
    return `all ${plan.resources} resources of the stack would be deleted`;
  return undefined;
}

function limits(plan: Plan, context: GateContext): Verdict {
  const why = exceeded(plan, context.settings);
  return why === undefined || context.approved
    ? PASS
    : hold({ kind: "waiting", reason: "limit-exceeded", digest: plan.digest, why });
}

export const takesAway = (change: Change): boolean =>
  ["delete", "replace", "delete-replaced", "discard"].includes(change.op);

function protectedTypes(plan: Plan, context: GateContext): Verdict {
  const matches = context.settings.protect.map(pattern => picomatch(pattern));
  const guarded = (change: Change): boolean =>
    change.protect === true || matches.some(match => match(change.type));
  const urns = plan.changes.filter(change => takesAway(change) && guarded(change)).map(({ urn }) => urn);
  return urns.length === 0 || context.approved
    ? PASS
    : hold({ kind: "waiting", reason: "protected", digest: plan.digest, urns });
}

/** Most of a stack gone at once means that the target is not the one we know: never a mass re-create. */
function everythingVanished(plan: Plan, context: GateContext): Verdict {
  const gone = plan.drift.filter(change => change.op === "delete" && !isEngineOwn(change.type)).length;
  if (gone < VANISHED_LEAST || gone * 2 <= plan.resources || context.approved) return PASS;
  return hold({
    kind: "waiting",
    reason: "everything-vanished",
    digest: plan.digest,
    gone,
    total: plan.resources,
  });
}

function takenOver(plan: Plan, context: GateContext): Verdict {
  if (!context.managed) return hold({ kind: "waiting", reason: "not-managed" });
  const first = plan.stateVersion === 0 && context.settings.firstApply === "ask" && !context.firstAllowed;
  return first ? hold({ kind: "waiting", reason: "first-apply" }) : PASS;
}

function windows(_plan: Plan, context: GateContext): Verdict {
  const opens = nextOpening(context.settings.windows, context.now);
  return opens === undefined ? PASS : hold({ kind: "waiting", reason: "outside-window", opens });
}

function approval(plan: Plan, context: GateContext): Verdict {
  if (context.settings.approval === "none" || context.approved) return PASS;
  return hold({ kind: "waiting", reason: "approval-needed", digest: plan.digest });
}

/** In the order in which a person would want to hear of them. */
const gates = [takenOver, everythingVanished, protectedTypes, limits, approval, windows];

/** The first hold, or pass. A plan that changes nothing passes. */
export function judge(plan: Plan, context: GateContext): Verdict {
  if (isEmpty(plan) && plan.stateVersion > 0) return PASS;
  const verdicts = gates.map(gate => gate(plan, context));
  return verdicts.find(verdict => !verdict.pass) ?? PASS;
}
