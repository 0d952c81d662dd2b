/** Makes the plan out of what was seen, and gives it a digest. */
import { createHash } from "node:crypto";
import { canonical } from "./canonical.ts";
import type { Change, Plan } from "./ports/plan.ts";

/** Resources that the engine keeps for itself: they never count for limits, drift or totals. */
export function isEngineOwn(type: string): boolean {
  return (
    type.startsWith("pulumi:providers:") ||
    type === "pulumi:pulumi:Stack" ||
    type === "pulumi:pulumi:StackReference"
  );
}

/** holdfast's own resources. A dynamic provider's types begin with `pulumi-nodejs:`, whatever the program calls them. */
export const isOwn = (type: string): boolean => type.startsWith("holdfast:");

/** A plan before it has its digest. */
export type PlanParts = Omit<Plan, "digest">;

const step = (change: Change): unknown => [change.op, change.urn, change.after ?? null];

/** SHA-256, hex, of revision, configHash, operations and masked inputs: not of the state's version, so an approval outlives a check. */
export function planDigest(parts: Pick<PlanParts, "revision" | "configHash" | "drift" | "changes">): string {
  const content = {
    revision: parts.revision,
    config: parts.configHash,
    drift: parts.drift.map(change => [change.op, change.urn, change.paths.map(path => path.path)]),
    changes: parts.changes.map(step),
  };
  return createHash("sha256").update(canonical(content)).digest("hex");
}

const byUrn = (a: Change, b: Change): number =>
  a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : a.op < b.op ? -1 : 1;

/** The engine names steps in the order they came up, which parallel steps make random: sorted, equal plans are equal. */
export function makePlan(parts: PlanParts): Plan {
  const sorted = { ...parts, drift: [...parts.drift].sort(byUrn), changes: [...parts.changes].sort(byUrn) };
  return { ...sorted, digest: planDigest(sorted) };
}

/** Changes that a person would call changes: the engine's own resources and components left out. */
export function ownChanges(changes: readonly Change[]): readonly Change[] {
  return changes.filter(change => !isEngineOwn(change.type) && !change.component);
}

/** Looking something up (a StackReference, a `.get`) is a step of every plan, and changes nothing. */
const onlyLooks = (change: Change): boolean => change.op === "read";

/** Nothing to do. */
export function isEmpty(plan: Pick<Plan, "changes" | "drift">): boolean {
  return plan.drift.length === 0 && plan.changes.every(onlyLooks);
}
