/**
 * Events of a read-only operation → what it saw. Pure. Facts, tried with CLI 3.259.0:
 *
 * - A resource's refresh begins with op `refresh`. Its end says `refresh` in `preview --refresh`, and the verdict
 *   (same, update, delete) in `refresh --preview-only`. In both `new` is missing where reality has lost it, and
 *   `diffs` or `detailedDiff` name what differs, as seen from the state: `add` is what reality has more.
 * - Then the program's steps begin: create, update, … or same. A replacement is three of them.
 * - Changed outputs and a changed `protect` hide in steps that are `same`: an up would store them all the same.
 */
import type { Change } from "../engine/ports/plan.ts";
import { fits, propertiesForm } from "../engine/ports/properties.ts";
import type { Observation } from "../engine/ports/pulumi.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { changeOf, opOf, pathsOf, redactedChange } from "./change.ts";
import { diagnosticsOf, diagnosticText } from "./diagnostics.ts";
import type { EngineEvent, Step } from "./engine-event.ts";

const STACK = "pulumi:pulumi:Stack";
const counted = (step: Step): boolean => step.type !== STACK && !step.type.startsWith("pulumi:providers:");

/** What a finished refresh step says; undefined where reality is as the state has it. */
export function driftOf(refreshed: Step): Change | undefined {
  // With --run-program the step already has the name that the program gives; what a refresh may take is the state's.
  const urn = refreshed.old?.urn;
  const step = { ...refreshed, ...(urn && { urn }) };
  if (!step.new || step.op === "delete") return changeOf(step, "delete");
  if (pathsOf(step).length === 0 && step.op !== "update") return undefined;
  // A provider that reads no inputs back shows its drift in the outputs alone.
  const inputsDiffer = !fits(propertiesForm(step.old?.inputs), propertiesForm(step.new.inputs));
  return changeOf(step, "update", inputsDiffer ? "inputs" : "outputs");
}

/** What `same` hides: the stack's outputs, and whether a resource is protected. */
function hiddenChange(step: Step): Change | undefined {
  if (!step.old || !step.new) return undefined;
  if (step.type === STACK) return outputsChange(step);
  if (step.old.protect === step.new.protect) return undefined;
  return { ...changeOf(step, "update"), paths: [{ path: "protect", kind: "update" }] };
}

function outputsChange(step: Step): Change | undefined {
  const before = propertiesForm(step.old?.outputs);
  const after = propertiesForm(step.new?.outputs);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter(name => !fits(after[name] ?? null, before[name] ?? null));
  if (changed.length === 0) return undefined;
  const kind = (name: string): "add" | "delete" | "update" =>
    name in before ? (name in after ? "update" : "delete") : "add";
  return {
    ...changeOf(step, "update", "outputs"),
    paths: changed.map(name => ({ path: name, kind: kind(name) })),
  };
}

/** Follows the events of one operation: which steps belong to the refresh, which to the program. */
function sorter(): { take(event: EngineEvent): void; drift: Change[]; changes: Change[]; same(): number } {
  const refreshing = new Set<string>();
  const drift: Change[] = [];
  const changes: Change[] = [];
  const same = new Set<string>();
  const endOfRefresh = (step: Step): void => {
    refreshing.delete(step.urn);
    const found = driftOf(step);
    if (found) drift.push(found);
    else if (step.op === "same" && counted(step)) same.add(step.urn);
  };
  const begin = (step: Step): void => {
    if (step.op === "refresh") refreshing.add(step.urn);
    const op = opOf(step.op);
    if (op) changes.push(changeOf(step, op));
    if (step.op === "same" && counted(step)) same.add(step.urn);
  };
  const done = (step: Step): void => {
    if (refreshing.has(step.urn)) return endOfRefresh(step);
    const hidden = step.op === "same" ? hiddenChange(step) : undefined;
    if (hidden) changes.push(hidden);
  };
  return {
    take(event) {
      if (event.kind === "begin") begin(event.step);
      else if (event.kind === "done") done(event.step);
    },
    drift,
    changes,
    same: () => same.size,
  };
}

/** What `preview --refresh`, `refresh --preview-only` or `destroy --preview-only` saw. */
export function observe(events: readonly EngineEvent[], redactor: Pick<Redactor, "redact">): Observation {
  const sorted = sorter();
  events.forEach(event => sorted.take(event));
  const diagnostics = diagnosticsOf(events, redactor).map(diagnosticText);
  const shown = (changes: readonly Change[]): readonly Change[] =>
    changes.map(change => redactedChange(change, redactor));
  return { drift: shown(sorted.drift), changes: shown(sorted.changes), same: sorted.same(), diagnostics };
}
