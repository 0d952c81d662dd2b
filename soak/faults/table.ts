/** All kinds of faults. */
import { damagedCopy } from "./damage.ts";
import type { Fault } from "./fault.ts";
import { processFaults } from "./processes.ts";
import { surroundingFaults } from "./surroundings.ts";

export const faults: readonly Fault[] = [...processFaults, ...surroundingFaults, damagedCopy];
