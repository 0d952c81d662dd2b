/** The provider host: serves what holdfast itself provides, on a port of its own for each run. */
import type { Result } from "../failure.ts";
import type { Prober } from "./probe.ts";
import type { UnknownResource } from "./plan.ts";
import type { StackName } from "./stack.ts";
import type { StateResource } from "./state.ts";

export interface ProviderAccess {
  /** For PULUMI_DEBUG_PROVIDERS: `name:port` pairs. */
  readonly attach: string;
}

export interface ProviderHost extends Prober {
  /** Opens a port that accepts only URNs of this stack. */
  open(run: {
    readonly runId: string;
    readonly stack: StackName;
    readonly organization: string;
  }): Promise<Result<ProviderAccess>>;
  /**
   * Aborts what is in flight on the run's port and closes it. Answers what nothing was done about because its
   * target did not answer; nothing of it after a restart of the provider host.
   */
  close(runId: string): Promise<readonly UnknownResource[]>;
  /** Which of these resources sit behind a connection that does not answer now. */
  unreachable(resources: readonly StateResource[]): Promise<readonly UnknownResource[]>;
}
