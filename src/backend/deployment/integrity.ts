/** Is a deployment whole, as the engine will demand it at its next read (snapshot.VerifyIntegrity)? */
import type { Deployment, Resource } from "./types.ts";

const isProvider = ({ type }: Resource): boolean => type.startsWith("pulumi:providers:");

function pointers(resource: Resource): readonly (readonly [string, string])[] {
  const properties = Object.values(resource.propertyDependencies ?? {}).flatMap(urns => urns ?? []);
  return [
    ...(resource.parent ? [["parent", resource.parent] as const] : []),
    // What waits for its replacement was deleted already: its provider may have gone with it.
    ...(resource.provider && !resource.pendingReplacement ? [["provider", resource.provider] as const] : []),
    ...(resource.dependencies ?? []).map(urn => ["dependency", urn] as const),
    ...properties.map(urn => ["dependency", urn] as const),
    ...(resource.deletedWith ? [["deletedWith", resource.deletedWith] as const] : []),
  ];
}

/** Each sentence names a resource. Empty: whole. */
export function integrityProblems(deployment: Deployment): readonly string[] {
  const seen = new Set<string>();
  const live = new Set<string>();
  const problems: string[] = [];
  for (const resource of deployment.resources ?? []) {
    const { urn } = resource;
    if (!urn.startsWith("urn:pulumi:")) problems.push(`${urn} is not a URN`);
    for (const [what, target] of pointers(resource))
      if (!seen.has(target)) problems.push(`${urn}: its ${what} ${target} is not there before it`);
    // An old half of a replacement may stand beside the new one; two live ones may not.
    if (live.has(urn) && resource.delete !== true) problems.push(`${urn} is there twice`);
    if (resource.delete !== true) live.add(urn);
    seen.add(urn);
    // A reference to a provider is `URN::ID`.
    if (isProvider(resource)) seen.add(`${urn}::${resource.id ?? ""}`);
  }
  return [...new Set(problems)];
}
