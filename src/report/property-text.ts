/** One property before and after, as a good diff shows it. */
import { structuredPatch } from "diff";
import { SECRET_MASK, UNKNOWN_VALUE } from "../engine/ports/plan.ts";
import type { Colors } from "./colors.ts";
import { cut, plainLine, plainLines } from "./plain-text.ts";

/** Columns of a value on one line; longer ones are cut. */
const VALUE_COLUMNS = 60;
/** Lines of one property's text diff: a screen. */
const DIFF_LINES = 40;
/** Unchanged lines around a change. */
const CONTEXT = 2;
/** Texts further apart than this many lines are shown as a whole: comparing them costs the square of it. */
const MAX_EDITS = 1000;

const UNKNOWN_TEXT = "(known after apply)";

/** A value with the engine's marker in words, at any depth. */
const worded = (value: unknown): unknown => {
  if (value === UNKNOWN_VALUE) return UNKNOWN_TEXT;
  if (Array.isArray(value)) return value.map(worded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, worded(item)]));
};

/** Several lines, where a value is best shown so. */
function textOf(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return plainLines(value);
  return plainLines(JSON.stringify(worded(value), undefined, 2));
}

/** On one line. */
export function valueText(value: unknown): string {
  if (value === UNKNOWN_VALUE) return UNKNOWN_TEXT;
  if (value === SECRET_MASK) return SECRET_MASK;
  return cut(plainLine(JSON.stringify(worded(value)) ?? "null"), VALUE_COLUMNS);
}

const isLong = (value: unknown): boolean =>
  typeof value === "string"
    ? value.trimEnd().includes("\n")
    : typeof value === "object" && value !== null && JSON.stringify(value).length > VALUE_COLUMNS;

/** At most `limit` lines; the rest is counted. */
export function capLines(lines: readonly string[], limit: number): string[] {
  if (lines.length <= limit) return [...lines];
  const left = lines.length - (limit - 1);
  return [...lines.slice(0, limit - 1), `… ${left} more lines`];
}

function hunks(before: string, after: string): string[] {
  const patch = structuredPatch("", "", before, after, "", "", {
    context: CONTEXT,
    maxEditLength: MAX_EDITS,
  });
  if (!patch) {
    const all = (sign: string, text: string): string[] => text.split("\n").map(line => sign + line);
    return [...capLines(all("-", before), DIFF_LINES / 2), ...capLines(all("+", after), DIFF_LINES / 2)];
  }
  return patch.hunks.flatMap((hunk, index) => (index > 0 ? [" …", ...hunk.lines] : hunk.lines));
}

/** Lines of a diff of two texts, coloured by their sign; capped. */
function textDiff(before: string, after: string, colors: Colors): string[] {
  const paint = (line: string): string => {
    const spaced = line.startsWith("…") ? line : `${line.slice(0, 1)} ${line.slice(1)}`.trimEnd();
    if (line.startsWith("+")) return colors.added(spaced);
    return line.startsWith("-") ? colors.removed(spaced) : spaced;
  };
  // "\ No newline at end of file" is a line of its own there: a matter of files, not of values.
  const lines = hunks(before, after).filter(line => !line.startsWith("\\"));
  return capLines(lines, DIFF_LINES).map(paint);
}

/**
 * Lines for one property: `path: old → new`, or a text diff below the path. `before` or `after` undefined: it was
 * not there, or will not be.
 */
export function propertyLines(path: string, before: unknown, after: unknown, colors: Colors): string[] {
  const label = plainLine(path);
  if (before === SECRET_MASK && after === SECRET_MASK)
    return [`${label}: ${SECRET_MASK} → ${SECRET_MASK} (changed)`];
  if (isLong(before) || isLong(after)) {
    if (after === UNKNOWN_VALUE) return [`${label}: → ${UNKNOWN_TEXT}`];
    return [`${label}:`, ...textDiff(textOf(before), textOf(after), colors).map(line => `  ${line}`)];
  }
  if (before === undefined && after === undefined) return [`${label} (changed)`];
  if (before === undefined) return [`${label}: ${colors.added(valueText(after))}`];
  if (after === undefined) return [`${label}: ${colors.removed(valueText(before))} (removed)`];
  return [`${label}: ${colors.removed(valueText(before))} → ${colors.added(valueText(after))}`];
}
