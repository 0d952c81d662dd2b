/**
 * How much of the past is kept, for each stack. Never dropped, however old: the newest state and the newest one that an
 * update left which ended well; the last run, the one that deployed what is deployed, and those that found drift which
 * is still open.
 */
export interface HistoryLimits {
  /** Runs, and updates of the state service, each. */
  readonly runs: number;
  /** Whole states to look back at. */
  readonly states: number;
  /** Milliseconds after which runs, updates, states, ended drift and approvals go, even where there are few. */
  readonly ageMs: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_HISTORY: HistoryLimits = {
  /** About three a day for a year. */
  runs: 1000,
  /** Enough to look back over a bad day; one of 1,000 resources takes about 1 MB. */
  states: 20,
  /** What happened at this time last year is still to be found. */
  ageMs: 400 * DAY_MS,
};
