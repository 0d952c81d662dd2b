/** Durations as people write them: `30s`, `10m`, `1h30m`, `500ms`, `7d`. */

/** For JSON Schema and for the check; units in falling order, each at most once. */
export const DURATION_PATTERN = /^(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?(\d{1,6}ms)?$/;

const UNITS: readonly number[] = [86_400_000, 3_600_000, 60_000, 1000, 1];

/** Milliseconds; undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION_PATTERN.exec(text)?.slice(1);
  if (!parts) return undefined;
  return UNITS.reduce((sum, unit, index) => sum + unit * Number.parseInt(parts[index] ?? "0", 10), 0);
}

/** The shortest way to write a number of milliseconds: `90000` → `1m30s`. */
export function writeDuration(ms: number): string {
  const names = ["d", "h", "m", "s", "ms"];
  let rest = ms;
  const parts = UNITS.map((unit, index) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count > 0 ? `${count}${names[index] ?? ""}` : "";
  });
  return parts.join("") || "0s";
}
