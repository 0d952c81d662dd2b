/** Whether a program failed of the limits of its box, by what it said: Node, V8 and the shell word it in few ways. Pure. */

import type { Limits } from "../process/isolation/limits.ts";

/** The first of each is the worker's own word (program/worker.ts), where the kernel told. */
const SIGNS: readonly (readonly [limit: keyof Limits, sign: RegExp])[] = [
  [
    "memory",
    /came to its limit of memory|heap out of memory|process out of memory|Array buffer allocation failed|Cannot allocate memory|\bENOMEM\b|ERR_MEMORY_ALLOCATION_FAILED/,
  ],
  [
    "processes",
    /came to its limit of processes|\bEAGAIN\b|Cannot fork|fork: retry|Resource temporarily unavailable/,
  ],
];

/** A sentence for a person; undefined: it failed of something else. */
export function limitReached(said: string, limits: Limits): string | undefined {
  const [limit] = SIGNS.find(([, sign]) => sign.test(said)) ?? [];
  if (limit === undefined) return undefined;
  if (limit === "memory")
    return `the program needs more than the ${Math.round(limits.memory / 1e6)} MB of memory that it may take (programMemory in the daemon's settings)`;
  return `the program needs more than the ${limits.processes} processes and threads that it may have (programProcesses in the daemon's settings)`;
}
