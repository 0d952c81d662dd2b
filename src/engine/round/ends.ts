/** How a round that was planned ends. */
import type { Failure, Result } from "../failure.ts";
import type { UnknownResource } from "../ports/plan.ts";
import type { Applied } from "../ports/pulumi.ts";
import type { RunEnd } from "../run.ts";
import { judgeApply } from "../steps/apply.ts";
import type { Look } from "../steps/look.ts";
import { countState } from "../steps/workspace.ts";
import { driftSeen, end, type Round, type RoundEnd } from "./round.ts";

/** A dead target is tried again; the others are done. */
export function unreachable(unknown: readonly UnknownResource[]): { failure?: Failure } {
  const first = unknown[0];
  return first
    ? { failure: { kind: "transient", reason: "host-unreachable", host: first.urn, why: first.why } }
    : {};
}

export interface Seen {
  readonly round: Round;
  readonly look: Look;
  readonly driftLeft: boolean;
}

export function base(seen: Seen, more: Partial<RunEnd>): RunEnd {
  const { view } = seen.round;
  return {
    outcome: "unchanged",
    plan: seen.look.plan,
    checked: true,
    full: seen.look.full,
    drifted: seen.driftLeft,
    unknown: view.unknown,
    applied: false,
    resources: view.resources,
    references: view.references,
    ...unreachable(view.unknown),
    ...more,
  };
}

/** Resources and references as they are after an apply. */
async function countAfter(round: Round): Promise<Partial<RunEnd>> {
  const after = await countState(round.run, round.world);
  return after.ok ? after.value : {};
}

export async function applied(seen: Seen, result: Result<Applied>): Promise<RoundEnd> {
  const { round, look } = seen;
  const ended = await round.close();
  const held = await driftSeen(round, look.drift, "open");
  const drifted = look.plan.drift.length > 0 || seen.driftLeft;
  const after = await countAfter(round);
  const failure = judgeApply(result, ended.refusals, ended.unreached);
  const { counts, diagnostics } = result.ok ? result.value : { counts: {}, diagnostics: [] };
  const log = diagnostics.join("\n");
  if (failure) {
    const failed = base(seen, { outcome: "failed", failure, counts, drifted, drift: held, log, ...after });
    const progressed = failure.reason === "plan-outdated" && failure.progressed;
    return progressed ? { again: true, soFar: failed } : end(failed);
  }
  if (round.run.mode === "destroy")
    return end(base(seen, { outcome: "converged", counts, log, ...after, gone: after.resources === 0 }));
  const drift = await driftSeen(round, look.drift, look.plan.drift.length > 0 ? "corrected" : "reported");
  const outcome = seen.driftLeft ? "drifted" : "converged";
  return end(
    base(seen, { outcome, counts, drift, log, applied: seen.round.view.unknown.length === 0, ...after }),
  );
}
