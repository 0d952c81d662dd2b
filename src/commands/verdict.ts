/** What a plan says of a state that moved. */
import type { Result } from "../engine/failure.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import type { Verdict, Verified } from "../report/moved-state.ts";
import { lookExit } from "./run-exit.ts";

const VERDICTS: Readonly<Record<number, Verdict>> = { 0: "unchanged", 2: "differs" };

/** Of the one run that was asked for. */
export function verdictOf(asked: Result<readonly RunRecord[]>): Verified {
  if (!asked.ok) return { verdict: "unknown", failure: asked.failure };
  const [run] = asked.value;
  if (!run) return { verdict: "unknown" };
  const { plan, failure } = run;
  const verdict = VERDICTS[lookExit([run])] ?? "unknown";
  return { verdict, ...(plan && { plan }), ...(failure && { failure }) };
}
