/**
 * What a process does with the time until its run comes. Node compiles functions better the more often they were called:
 * after 200 resources that were declared for nobody a commit of 200 files takes a twentieth less (docs/benchmark.md).
 */
import type { Declare } from "./own-resources.ts";
import { rehearse } from "./rehearsal.ts";
import { settleHeap } from "./settle-heap.ts";

/** A further one costs what all later ones cost; without any, more than half of a small run was compiling. */
const BEFORE_READY = { programs: 2, resources: 10 };
/** A run that comes meanwhile waits for the end of one. */
const AT_A_TIME = { programs: 1, resources: 40 };
const TIMES = 5;

export interface Practice {
  /** What no run can do without. */
  begin(): Promise<void>;
  /** A further part; false: more of it would bring nothing. */
  goOn(): Promise<boolean>;
}

/** An SDK of another shape, or a machine too busy to answer in time: then the run compiles what it calls. */
export function createPractice(sdk: string, declare: Declare | undefined): Practice {
  let left = declare ? TIMES : 0;
  const giveUp = (): void => void (left = 0);
  return {
    async begin() {
      if (declare) await rehearse(sdk, BEFORE_READY, declare).catch(giveUp);
    },
    async goOn() {
      if (!declare || left === 0) return false;
      left--;
      await rehearse(sdk, AT_A_TIME, declare).catch(giveUp);
      // Each time: what one leaves behind would make the process grow by a half.
      settleHeap();
      return left > 0;
    },
  };
}
