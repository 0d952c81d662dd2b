/** Drift: which of it counts, which is somebody's right, and its record from first sight to its end. */
import { isEngineOwn } from "./plan.ts";
import type { Change } from "./ports/plan.ts";
import type { DriftRecord } from "./ports/records.ts";
import type { IgnoreDrift, StackName } from "./ports/stack.ts";

export interface SortedDrift {
  readonly counted: readonly Change[];
  readonly ignored: readonly { readonly change: Change; readonly rule: IgnoreDrift }[];
}

const expired = (rule: IgnoreDrift, now: number): boolean =>
  rule.until !== undefined && Date.parse(rule.until) <= now;

/** A rule's path covers the property itself and everything below it. */
function covers(rulePath: string, path: string): boolean {
  return path === rulePath || path.startsWith(`${rulePath}.`) || path.startsWith(`${rulePath}[`);
}

function allows(rule: IgnoreDrift, change: Change): boolean {
  if (rule.type !== undefined && rule.type !== change.type) return false;
  if (rule.name !== undefined && rule.name !== change.name) return false;
  const rulePath = rule.path;
  if (rulePath === undefined) return true;
  return (
    change.op === "update" &&
    change.paths.length > 0 &&
    change.paths.every(({ path }) => covers(rulePath, path))
  );
}

/** Sorts drift by the rules that still hold at `now`. A resource is ignored only when every differing path of it is. */
export function sortDrift(drift: readonly Change[], rules: readonly IgnoreDrift[], now: number): SortedDrift {
  const live = rules.filter(rule => !expired(rule, now));
  const counted: Change[] = [];
  const ignored: { change: Change; rule: IgnoreDrift }[] = [];
  for (const change of drift.filter(({ type }) => !isEngineOwn(type))) {
    const rule = live.find(candidate => allows(candidate, change));
    if (rule) ignored.push({ change, rule });
    else counted.push(change);
  }
  return { counted, ignored };
}

export interface DriftSight {
  readonly stack: StackName;
  readonly run: string;
  readonly now: number;
  readonly sorted: SortedDrift;
  /** What becomes of the counted drift in this run. */
  readonly result: "reported" | "corrected" | "open";
}

const record = (sight: DriftSight, change: Change, known: DriftRecord | undefined): DriftRecord => ({
  stack: sight.stack,
  urn: change.urn,
  kind: change.op === "delete" ? "gone" : "changed",
  paths: change.paths.map(({ path }) => path),
  since: known?.since ?? sight.now,
  seenAt: sight.now,
  run: sight.run,
  result: sight.result,
  ...(sight.result === "corrected" ? { endedAt: sight.now } : {}),
});

/**
 * The drift records after a look at reality: what is seen again keeps its `since`; what is not seen any more has
 * ended, whoever put it right.
 */
export function driftRecords(known: readonly DriftRecord[], sight: DriftSight): readonly DriftRecord[] {
  const open = new Map(known.filter(entry => entry.endedAt === undefined).map(entry => [entry.urn, entry]));
  const counted = sight.sorted.counted.map(change => record(sight, change, open.get(change.urn)));
  const ignored = sight.sorted.ignored.map(({ change, rule }): DriftRecord => {
    const seen = record({ ...sight, result: "open" }, change, open.get(change.urn));
    return { ...seen, result: "ignored", ignoredBy: `${rule.owner}: ${rule.why}` };
  });
  const seen = new Set([...counted, ...ignored].map(entry => entry.urn));
  const ended = [...open.values()]
    .filter(entry => !seen.has(entry.urn))
    .map(entry => ({ ...entry, endedAt: sight.now }));
  return [...counted, ...ignored, ...ended];
}
