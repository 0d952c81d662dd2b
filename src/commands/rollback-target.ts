/** Where a stack is rolled back to, from what is known of it. Pure. */
import type { RunRecord, StackStatus } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";

const WORKED: ReadonlySet<string> = new Set(["converged", "unchanged"]);

/** The commit that is the trouble: the newest one that a run was made for. */
const newest = (status: StackStatus): string | undefined => status.attempted?.sha ?? status.deployed?.sha;

/**
 * What was deployed before the newest revision of the stack: the deployed one where the newest failed or is held, else
 * the newest earlier one that a run converged at. `runs`: of this stack, newest first. Undefined where there is none.
 */
export function rollbackTarget(status: StackStatus, runs: readonly RunRecord[]): Revision | undefined {
  const trouble = newest(status);
  if (status.deployed && status.deployed.sha !== trouble) return status.deployed;
  return runs.find(
    ({ mode, outcome, revision }) =>
      mode === "converge" && outcome !== undefined && WORKED.has(outcome) && revision?.sha !== trouble,
  )?.revision;
}
