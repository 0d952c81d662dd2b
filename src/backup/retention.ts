/** Which backups may go. Only decides. */
import { newestFirst, type BackupName } from "./name.ts";

export interface Retention {
  /** So many of the newest are kept, whatever their age; at least 1. */
  readonly newest: number;
  /** And for so many days the last one of each day (UTC). */
  readonly days: number;
}

const DAY_MS = 86_400_000;
const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** Those to remove, oldest first. The newest is never among them. */
export function removable<T extends BackupName>(
  backups: readonly T[],
  { newest, days }: Retention,
  now: number,
): T[] {
  const sorted = newestFirst(backups);
  const kept = new Set(sorted.slice(0, Math.max(1, newest)));
  const seen = new Set<number>();
  for (const backup of sorted) {
    const day = dayOf(backup.at);
    if (!seen.has(day) && day > dayOf(now) - days) kept.add(backup);
    seen.add(day);
  }
  return sorted.filter(backup => !kept.has(backup)).reverse();
}
