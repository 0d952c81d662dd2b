/** How long something took, for people. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const two = (value: number): string => String(value).padStart(2, "0");

/** `0.3s`, `12.4s`, `3m05s`, `1h02m` */
export function formatDuration(ms: number): string {
  if (ms < MINUTE - 50) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  if (ms < HOUR - 500) {
    const seconds = Math.round(ms / 1000);
    return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  }
  const minutes = Math.round(ms / MINUTE);
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
