/** What the prober is asked about a stack, and what it answers. */
import type { ProbeReport } from "../../engine/ports/probe.ts";
import type { StateResource } from "../../engine/ports/state.ts";

export interface ProbeRequest {
  readonly stack: string;
  readonly version: number;
  /** Of this version, opened. Missing: what is known of it is to do. */
  readonly resources?: readonly StateResource[];
}

/** Nothing is known of this version, or a host answers what it did not before: the state is needed to judge. */
export interface StateNeeded {
  readonly stack: string;
  readonly needs: "state";
}

export type ProbeAnswer = StateNeeded | ProbeReport;

export const needsState = (answer: ProbeAnswer): answer is StateNeeded => "needs" in answer;
