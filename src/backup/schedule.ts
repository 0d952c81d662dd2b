/** When the next backup is due. Only decides; times are milliseconds since the epoch. */

export interface ScheduleInput {
  readonly every: number;
  /** When the last good one was made, whatever for. */
  readonly lastGood?: number;
  /** Attempts since then that failed, and when the last of them ended. */
  readonly failures: number;
  readonly lastFailure?: number;
}

/** A full target does not empty itself within seconds; still it is tried soon, because until then nothing is safe. */
const FIRST_RETRY_MS = 60_000;

/** 0 where none was ever made: at once. */
export function nextBackup({ every, lastGood, failures, lastFailure }: ScheduleInput): number {
  const due = lastGood === undefined ? 0 : lastGood + every;
  if (failures === 0 || lastFailure === undefined) return due;
  const wait = Math.min(every, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
  return Math.max(due, lastFailure + wait);
}
