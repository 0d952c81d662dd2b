/** One step of the engine's events as a `Change` of a plan. Pure. */
import type { Change, Op, PathChange } from "../engine/ports/plan.ts";
import { propertiesForm } from "../engine/ports/properties.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { urnName } from "./diagnostics.ts";
import type { ResourceState, Step } from "./engine-event.ts";

const OPS: readonly Op[] = [
  "create",
  "update",
  "delete",
  "replace",
  "create-replacement",
  "delete-replaced",
  "read",
  "read-replacement",
  "import",
  "import-replacement",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
];

/** The plan's word for the engine's; undefined for steps that change nothing (same, refresh). */
export const opOf = (op: string): Op | undefined => OPS.find(known => known === op);

const KINDS: readonly PathChange["kind"][] = [
  "add",
  "delete",
  "update",
  "add-replace",
  "delete-replace",
  "update-replace",
];
const kindOf = (kind: string): PathChange["kind"] => KINDS.find(known => known === kind) ?? "update";

/** Which properties differ: as the provider detailed it, else by the names of the top-level properties. */
export function pathsOf(step: Step): readonly PathChange[] {
  if (step.detailedDiff.size > 0)
    return [...step.detailedDiff].map(([path, kind]) => ({ path, kind: kindOf(kind) }));
  const forced = new Set(step.keys);
  const names = new Set([...step.diffs, ...step.keys]);
  return [...names].map(path => ({ path, kind: forced.has(path) ? "update-replace" : "update" }));
}

type Side = "inputs" | "outputs";

const propertiesOf = (state: ResourceState | undefined, side: Side): Change["before"] =>
  state && propertiesForm(state[side]);

type Properties = NonNullable<Change["before"]>;

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map(item => redacted(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, redact)]));
}

/**
 * The engine masks the config's secrets in plain values as they are; the redactor also knows their base64, URL and
 * JSON forms. Its mask is the engine's own, so a redacted value still `fits`.
 */
export function redactedChange(change: Change, redactor: Pick<Redactor, "redact">): Change {
  const side = (properties: Properties): Properties =>
    Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, redacted(value, text => redactor.redact(text))]),
    );
  const { before, after } = change;
  return { ...change, ...(before && { before: side(before) }), ...(after && { after: side(after) }) };
}

/** Inputs are what a binding compares; `outputs` only for drift that shows nowhere else. */
export function changeOf(step: Step, op: Op, side: Side = "inputs"): Change {
  const before = propertiesOf(step.old, side);
  const after = propertiesOf(step.new, side);
  const gone = op === "delete" || op === "delete-replaced" || op === "discard" || op === "discard-replaced";
  return {
    urn: step.urn,
    type: step.type,
    name: urnName(step.urn),
    op,
    paths: pathsOf(step),
    ...(before && { before }),
    ...(after && !gone && { after }),
    ...(step.old?.protect && { protect: true }),
    ...((step.new ?? step.old)?.custom === false && { component: true }),
  };
}
