/** Plans that put right what reality did, and nothing else. */
import { isEngineOwn } from "./plan.ts";
import type { Plan } from "./ports/plan.ts";

/** With more, all that there is to read is not much more. */
const MOST_TARGETS = 500;

/** Whether an operation of these alone is worth it. */
export const isRepair = (urns: readonly string[]): boolean => urns.length > 0 && urns.length <= MOST_TARGETS;

/**
 * The URNs of all that a repair touches, for an up that reads and corrects these alone; undefined where that is not
 * enough: `--target` says nothing of providers and components, and does not go with `--exclude`. Only for a program
 * that is deployed as it is: an up with targets takes in no new options of the resources that it leaves alone.
 */
export function repairTargets(plan: Plan): readonly string[] | undefined {
  const { drift, changes, unknown, refreshRunsProgram } = plan;
  const corrects = drift.length > 0 && unknown.length === 0 && !refreshRunsProgram;
  const corrections = changes.filter(({ op }) => op !== "read");
  if (!corrects || corrections.some(({ type, component }) => component ?? isEngineOwn(type)))
    return undefined;
  const targets = [...new Set([...drift, ...corrections].map(({ urn }) => urn))];
  return isRepair(targets) ? targets : undefined;
}
