/** How much of the past is kept, for each stack, beside what the settings say (engine/ports/history-limits.ts). */

/** Scheduled checks that found nothing: at one every ten minutes, the last eight hours. */
export const QUIET_RUNS_KEPT = 50;
/** A plan can be megabytes, and nobody reads the fifty-first. */
export const PLANS_KEPT = 50;
/** Ended drift episodes; open ones are never dropped. */
export const DRIFT_KEPT = 1000;
/** Approvals; one is used within minutes or days of its plan. */
export const APPROVALS_KEPT = 100;
/** Characters of a run's log. The end is kept: that is where it says what went wrong. */
export const LOG_CHARACTERS = 64 * 1024;

/** The last `LOG_CHARACTERS` of a log, from the start of a line on, with a first line that says what is missing. */
export function capLog(log: string): string {
  if (log.length <= LOG_CHARACTERS) return log;
  const tail = log.slice(-LOG_CHARACTERS);
  const lineEnd = tail.indexOf("\n");
  const kept = lineEnd < 0 ? tail : tail.slice(lineEnd + 1);
  return `… ${log.length - kept.length} characters left out\n${kept}`;
}
