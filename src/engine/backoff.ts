/** How long to wait after a transient failure. */

/** First wait. */
const BASE_MS = 2_000;
/** Longest wait: a host that comes back in the night is found within minutes. */
export const LONGEST_WAIT_MS = 5 * 60_000;
/** So many failures in a row are no accident: a person must look. About 25 minutes in all. */
export const MAX_ATTEMPTS = 10;

/** Doubles with each attempt (1 is the first), spread by half so that many stacks do not come back at once. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(LONGEST_WAIT_MS, BASE_MS * 2 ** Math.max(0, attempt - 1));
  return Math.round(full * (0.5 + random / 2));
}
