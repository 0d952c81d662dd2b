/** How long ago something was, for people. */

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

/** `12s`, `3m`, `2h`, `40d`: the largest whole unit. A clock that was set back counts as now. */
export function formatAge(at: number, now: number): string {
  const age = Math.max(0, now - at);
  const [unit, size] = UNITS.find(([, ms]) => age >= ms) ?? ["s", 1000];
  return `${Math.floor(age / size)}${unit}`;
}

/** `12s ago`, or `never`. */
export const ago = (at: number | undefined, now: number): string =>
  at === undefined ? "never" : `${formatAge(at, now)} ago`;

/** `2026-11-21 13:04:05 UTC` */
export const timestamp = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
