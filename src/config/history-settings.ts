/** Settings of how much of the past is kept. */
import { z } from "zod";
import { DEFAULT_HISTORY, type HistoryLimits } from "../engine/ports/history-limits.ts";
import { DURATION_PATTERN, parseDuration, writeDuration } from "./duration.ts";

/** A rollback looks for earlier runs; with fewer there is none to find. */
const LEAST_RUNS = 10;
const DAY_MS = 86_400_000;

export const historySchema = z.strictObject({
  runs: z
    .int()
    .min(LEAST_RUNS)
    .max(100_000)
    .optional()
    .describe(`Runs of each stack, and updates of its state. Default ${DEFAULT_HISTORY.runs}.`),
  states: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(`Whole states of each stack to look back at. Default ${DEFAULT_HISTORY.states}.`),
  age: z
    .string()
    .regex(DURATION_PATTERN, "write a duration, such as 90d")
    .refine(text => (parseDuration(text) ?? 0) >= DAY_MS, { error: "at least 1d" })
    .optional()
    .describe(
      `What is older goes, even where there is little. Default ${writeDuration(DEFAULT_HISTORY.ageMs)}.`,
    ),
});

export function historyOf({ runs, states, age }: z.output<typeof historySchema>): HistoryLimits {
  return {
    runs: runs ?? DEFAULT_HISTORY.runs,
    states: states ?? DEFAULT_HISTORY.states,
    ageMs: (age === undefined ? undefined : parseDuration(age)) ?? DEFAULT_HISTORY.ageMs,
  };
}
