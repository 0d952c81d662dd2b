/** A plan, as text that reads like a good diff: what reality did, then what an apply would do. */
import type { Change, Plan } from "../engine/ports/plan.ts";
import { changesText, wholeChanges } from "./change-text.ts";
import { colors, type Colors } from "./colors.ts";
import { shortSha } from "./commit.ts";
import { plainLine } from "./plain-text.ts";
import { capLines } from "./property-text.ts";
import { resourceName } from "./urn.ts";

export interface TextOptions {
  /** Default false. */
  readonly color?: boolean;
}

/** Lines of a whole section: what a person scrolls through; `--json` has all of it. */
const SECTION_LINES = 1000;

function section(title: string, lines: readonly string[], { strong }: Colors): string[] {
  return lines.length === 0 ? [] : ["", strong(title), ...capLines(lines, SECTION_LINES)];
}

const WORDS: readonly (readonly [string, readonly Change["op"][]])[] = [
  ["to create", ["create", "create-replacement"]],
  ["to import", ["import"]],
  ["to update", ["update"]],
  ["to replace", ["replace", "import-replacement"]],
  ["to delete", ["delete", "delete-replaced", "discard"]],
];

/** `1 to create, 2 to update; 14 stay as they are` */
export function planSummary(plan: Plan): string {
  const changes = wholeChanges(plan.changes);
  const parts = WORDS.map(
    ([word, ops]) => [changes.filter(({ op }) => ops.includes(op)).length, word] as const,
  )
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  const drift = plan.drift.length > 0 ? [`${plan.drift.length} drifted`] : [];
  const unknown = plan.unknown.length > 0 ? [`${plan.unknown.length} unknown`] : [];
  const said = [...parts, ...drift, ...unknown].join(", ");
  return (
    said ||
    `nothing to do; ${plan.resources} ${plan.resources === 1 ? "resource is" : "resources are"} as wanted`
  );
}

/** Sections of a plan, without its heading; what is empty is left out. */
export function planSections(plan: Plan, options: TextOptions = {}): string[] {
  const paint = colors(options.color);
  const unknown = plan.unknown.map(({ urn, why }) => `  ?   ${resourceName(urn)}: ${plainLine(why)}`);
  return [
    ...section("Reality differs from what is deployed:", changesText(plan.drift, paint), paint),
    ...section("Changes:", changesText(plan.changes, paint), paint),
    ...section("Could not be looked at:", unknown, paint),
  ];
}

/** The whole plan, without a line end at its end. */
export function planText(plan: Plan, options: TextOptions = {}): string {
  const { strong } = colors(options.color);
  const heading = `${strong(plan.stack)} at ${shortSha(plan.revision)}: ${planSummary(plan)}`;
  return [heading, ...planSections(plan, options)].join("\n");
}
