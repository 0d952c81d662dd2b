/** Sizes as people read them. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** `0 bytes`, `812 kB`, `1.4 GB`: thousands, two figures below ten. */
export function formatBytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  const shown = unit > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value));
  return `${shown} ${UNITS[unit] ?? ""}`;
}
