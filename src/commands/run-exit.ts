/** Exit codes of verbs that run stacks (design section 8). */
import type { Failure } from "../engine/failure.ts";
import { isEmpty } from "../engine/plan.ts";
import type { RunRecord } from "../engine/ports/records.ts";

const FAILED = 1;
const DIFFERENT = 2;
const HELD = 3;

/** Of `sync`, `destroy` and `approve`: 0 converged, 1 failed (also where one of a stack's hosts could not be reached), 3 held by a gate; the worst of all. */
export function syncExit(runs: readonly RunRecord[]): number {
  const unreached = runs.some(({ outcome, failure }) => failure !== undefined && outcome !== "held");
  if (unreached || runs.some(({ outcome }) => outcome === "failed" || outcome === undefined)) return FAILED;
  return runs.some(({ outcome }) => outcome === "held") ? HELD : 0;
}

/** Of `plan` and `drift`: 0 nothing, 2 changes or drift, 1 could not tell. */
export function lookExit(runs: readonly RunRecord[]): number {
  const failed = runs.some(
    ({ outcome, failure }) => failure !== undefined || outcome === "failed" || outcome === undefined,
  );
  if (failed) return FAILED;
  const differs = runs.some(({ plan, outcome }) => outcome === "drifted" || (plan && !isEmpty(plan)));
  return differs ? DIFFERENT : 0;
}

/** Of `serve` where another start finds the same: the unit's RestartPreventExitStatus (EX_DATAERR in sysexits.h). */
export const DAMAGED_EXIT = 65;

/** Of a daemon that does not start. */
export const serveExit = (failure: Failure, code: number): number =>
  failure.reason === "database-damaged" ? DAMAGED_EXIT : code;
