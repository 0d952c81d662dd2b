/** A person's word on steps whose end nobody told: they are forgotten, or what they made is taken into the state. */
import type { Adoption } from "../engine/ports/state.ts";
import { integrityProblems } from "./deployment/integrity.ts";
import type { Deployment, Operation, Resource } from "./deployment/types.ts";

export interface PendingWord {
  readonly forget: readonly string[];
  readonly adopt: readonly Adoption[];
}

export type Resolved =
  { readonly ok: true; readonly deployment: Deployment } | { readonly ok: false; readonly why: string };

/** As the step began it, with the id that it got. A look reads what the provider knows beyond that. */
const adopted = ({ resource }: Operation, id: string): Resource => ({
  ...resource,
  id,
  outputs: resource.inputs ?? {},
});

/** Pure. */
export function resolvePending(deployment: Deployment, { forget, adopt }: PendingWord): Resolved {
  const { pending_operations: pending = [], resources = [], ...rest } = deployment;
  const made: Resource[] = [];
  for (const { urn, id } of adopt) {
    const operation = pending.find(one => one.resource.urn === urn && one.type === "creating");
    if (!operation) return { ok: false, why: `no create of unknown end is on ${urn}` };
    if (resources.some(one => one.urn === urn))
      return {
        ok: false,
        why: `${urn} is in the state already: delete by hand what the dead step made, and forget the step`,
      };
    made.push(adopted(operation, id));
  }
  const done = new Set([...forget, ...adopt.map(({ urn }) => urn)]);
  const left = pending.filter(({ resource }) => !done.has(resource.urn));
  const next = {
    ...rest,
    resources: [...resources, ...made],
    ...(left.length > 0 && { pending_operations: left }),
  };
  const [problem] = made.length > 0 ? integrityProblems(next) : [];
  return problem === undefined
    ? { ok: true, deployment: next }
    : { ok: false, why: `it does not fit into the state: ${problem}` };
}

/** What was adopted as it is no more, its create of unknown end again. Pure. */
export function takeBack(deployment: Deployment, adopted: readonly Adoption[]): Resolved {
  const { pending_operations: pending = [], resources = [], ...rest } = deployment;
  const isMeant = ({ urn, id }: Resource): boolean => adopted.some(one => one.urn === urn && one.id === id);
  const again = resources.filter(isMeant).map(({ id: _id, outputs: _outputs, ...resource }) => resource);
  const next = {
    ...rest,
    resources: resources.filter(one => !isMeant(one)),
    pending_operations: [...pending, ...again.map(resource => ({ type: "creating" as const, resource }))],
  };
  const [problem] = integrityProblems(next);
  return problem === undefined
    ? { ok: true, deployment: next }
    : { ok: false, why: `it cannot be taken out of the state again: ${problem}` };
}
