/** What makes a way back fail or hurt, read from the plan of the older commit. */
import { ownChanges } from "../engine/plan.ts";
import type { Failure } from "../engine/failure.ts";
import type { Change } from "../engine/ports/plan.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import { describeFailure } from "../report/messages.ts";
import { planSummary } from "../report/plan-text.ts";
import { resourceName } from "../report/urn.ts";

export interface RollbackCheck {
  /** What an apply of it would do, or why nobody can tell. */
  readonly summary: string;
  /** One line each: the resource, and what to do. */
  readonly findings: readonly string[];
  /** It would not work: a person has to do something before it is pushed. */
  readonly blocked: boolean;
}

const isDelete = ({ op }: Change): boolean => op === "delete" || op === "discard";
const isReplace = ({ op }: Change): boolean => op === "replace" || op === "create-replacement";

function finding(change: Change): string[] {
  const name = resourceName(change.urn);
  if (!isDelete(change) && !isReplace(change)) return [];
  const what = isDelete(change) ? "deleted" : "replaced: what it holds is lost with it";
  if (change.protect === true)
    return [
      `${name} would be ${what}, and is protected: the apply will be held. Take the protection away in a commit of its own first, or approve the plan.`,
    ];
  return isReplace(change) ? [`${name} would be ${what}. Save what is in it first.`] : [];
}

/** A failure of the plan that its apply would have as well. */
const isLasting = ({ kind, reason }: Failure): boolean => kind === "stalled" || reason === "cli-failed";

function withoutPlan(run: RunRecord | undefined): RollbackCheck {
  const failure = run?.failure;
  if (!failure)
    return {
      summary: "Not checked what the apply would do: there is no plan.",
      findings: [],
      blocked: false,
    };
  const { title, detail, hint } = describeFailure(failure, { stack: run.stack });
  const said = `${title}${detail ? `\n  ${detail}` : ""}`;
  const blocked = isLasting(failure);
  const summary = blocked
    ? `Its plan fails, so its apply would too: ${said}`
    : `Not checked what the apply would do: ${said}`;
  return { summary, findings: blocked && hint !== "" ? [hint] : [], blocked };
}

/** `run`: a plan of the commit that is rolled back to. */
export function checkRollback(run: RunRecord | undefined): RollbackCheck {
  if (!run?.plan) return withoutPlan(run);
  const changes = new Map(ownChanges(run.plan.changes).map(change => [change.urn, change]));
  const findings = [...changes.values()].flatMap(finding);
  return { summary: `Its apply: ${planSummary(run.plan)}.`, findings, blocked: false };
}
