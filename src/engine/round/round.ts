/** One round of a run: its port, token and view of the state, and what became of it. */
import { driftRecords, type SortedDrift } from "../drift.ts";
import type { Result } from "../failure.ts";
import type { OperationContext } from "../ports/pulumi.ts";
import type { UnknownResource } from "../ports/plan.ts";
import type { DriftRecord } from "../ports/records.ts";
import type { RunStateOutcome } from "../ports/state.ts";
import type { Run, RunEnd, RunSignals, RunWorld } from "../run.ts";
import { openSession, viewState, type StateView, type Workspace } from "../steps/workspace.ts";

export interface Round {
  readonly run: Run;
  readonly world: RunWorld;
  readonly signals: RunSignals;
  readonly workspace: Workspace;
  readonly view: StateView;
  readonly context: OperationContext;
  /** Closes the round's port and token; answers what they saw. Safe to call twice. */
  readonly close: () => Promise<RoundOutcome>;
}

export interface RoundOutcome extends RunStateOutcome {
  /** What nothing was done about because its target did not answer. */
  readonly unreached: readonly UnknownResource[];
}

/** A round's end, or the wish for another round. */
export type RoundEnd =
  | { readonly again: false; readonly end: RunEnd }
  /** With the end that it is if there may be no more rounds. */
  | { readonly again: true; readonly soFar: RunEnd };

export const end = (value: RunEnd): RoundEnd => ({ again: false, end: value });

export async function driftSeen(
  round: Round,
  sorted: SortedDrift,
  result: "reported" | "corrected" | "open",
): Promise<readonly DriftRecord[]> {
  const { run, world } = round;
  const known = await world.records.drift({ stack: run.stack.name, open: true });
  return driftRecords(known, { stack: run.stack.name, run: run.id, now: world.clock.now(), sorted, result });
}

export async function openRound(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  workspace: Workspace,
): Promise<Result<Round>> {
  const view = await viewState(run, world);
  if (!view.ok) return view;
  const session = await openSession(run, world, signals, workspace, view.value);
  let closing: ReturnType<Round["close"]> | undefined;
  const closeBoth = async (): Promise<RoundOutcome> => {
    const unreached = await world.providers.close(run.id);
    return { ...(await world.state.endRun(run.id)), unreached };
  };
  const close: Round["close"] = () => (closing ??= closeBoth());
  if (!session.ok) {
    await close();
    return session;
  }
  return {
    ok: true,
    value: { run, world, signals, workspace, view: view.value, context: session.value, close },
  };
}
