/** `holdfast drift`, as text: what differs, since when, and what becomes of it. */
import type { DriftRecord } from "../engine/ports/records.ts";
import { formatAge } from "./age.ts";
import type { DriftOutcome } from "./documents.ts";
import { failureText } from "./messages.ts";
import { plainLine } from "./plain-text.ts";
import { capLines } from "./property-text.ts";
import { resourceName } from "./urn.ts";

/** Lines for one stack. */
const STACK_LINES = 200;

function driftLine(drift: DriftRecord, now: number): string {
  const what = drift.kind === "gone" ? "-" : "~";
  const paths = drift.paths.length > 0 ? ` [${drift.paths.map(plainLine).join(", ")}]` : "";
  const by = drift.ignoredBy === undefined ? "" : ` (${plainLine(drift.ignoredBy)})`;
  return `  ${what} ${resourceName(drift.urn)}${paths}, for ${formatAge(drift.since, now)}: ${drift.result}${by}`;
}

function stackText({ stack, checked, drift, unknown, failure }: DriftOutcome, now: number): string[] {
  const open = drift.filter(({ endedAt }) => endedAt === undefined);
  const said = !checked ? "could not tell" : open.length === 0 ? "no drift" : `${open.length} drifted`;
  const lines = [
    ...open.map(record => driftLine(record, now)),
    ...unknown.map(({ urn, why }) => `  ? ${resourceName(urn)}: ${plainLine(why)}`),
    ...(failure ? failureText(failure, { stack }).split("\n") : []).map(line => `  ${line}`),
  ];
  return [`${stack}: ${said}`, ...capLines(lines, STACK_LINES)];
}

/** One block a stack, without a line end at its end. */
export const driftText = (outcomes: readonly DriftOutcome[], now: number): string =>
  outcomes.flatMap(outcome => stackText(outcome, now)).join("\n");
