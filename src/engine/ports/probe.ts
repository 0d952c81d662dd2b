/** The probe: what the states of many stacks say, compared with what is there, in process and without a run. */
import type { Result } from "../failure.ts";
import type { StackName } from "./stack.ts";
import type { StateResource } from "./state.ts";

export interface ProbeTarget {
  readonly stack: StackName;
  /** Of its state. What was made of one version is not made again. */
  readonly version: number;
  /** Secrets opened. Asked for only where this version, or what its hosts answer, is new. */
  readonly resources: () => Promise<Result<readonly StateResource[]>>;
}

export interface Difference {
  readonly urn: string;
  /** Of properties; "" is the resource as a whole: it is not there. */
  readonly paths: readonly string[];
}

/** A host that does not answer. What is on it is unknown, and no drift. */
export interface SilentHost {
  /** Never holds a credential. */
  readonly host: string;
  readonly why: string;
}

export interface ProbeReport {
  readonly stack: StackName;
  /** Of the state that reality was compared with. */
  readonly version: number;
  /** Resources that were asked about. The others are left to the scheduled check. */
  readonly watched: number;
  readonly differences: readonly Difference[];
  readonly silent: readonly SilentHost[];
}

/** What hosts tell of themselves, where stacks ask for it. */
export interface Heard {
  /** Something may have changed on a host of these stacks. */
  changed(stacks: readonly StackName[]): void;
  /** A host cannot be listened to: its stacks are left to the interval. Told once for each host and reason. */
  deaf(host: string, why: string): void;
}

export interface Prober {
  /**
   * Looks at all of them, batched by host; each is reported as soon as its own hosts have answered, some perhaps twice,
   * and not at all where its state cannot be read. Changes nothing. Ends when every host has answered or run into its
   * deadline.
   */
  probe(targets: readonly ProbeTarget[], report: (report: ProbeReport) => void): Promise<void>;
  /**
   * From now on the hosts of these stacks, and of no others, are listened to. What to listen for is what the stack's next
   * look asks about; where that has to be made anew, all of them are told as changed.
   */
  watch(stacks: readonly StackName[], heard: Heard): void;
}
