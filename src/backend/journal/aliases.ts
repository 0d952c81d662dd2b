/** Resources that were renamed by an alias: every pointer follows, then the aliases go (apitype core.go, NormalizeURNReferences). */
import { ROOT_TYPE, nameOf, typeOf } from "../deployment/types.ts";
import type { Deployment, Resource } from "../deployment/types.ts";

const typeChain = (urn: string): string => urn.split("::")[2] ?? "";

/** The URN that a child has under its parent's new name. */
function underParent(child: string, parent: string): string {
  const [head, project] = child.split("::");
  return `${head}::${project}::${typeChain(parent)}$${typeOf(child)}::${nameOf(child)}`;
}

function renames(resources: readonly Resource[]): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const resource of resources) {
    for (const alias of resource.aliases ?? []) renamed.set(alias, resource.urn);
    const parent = resource.parent ? renamed.get(resource.parent) : undefined;
    if (parent && typeChain(parent) !== ROOT_TYPE)
      renamed.set(resource.urn, underParent(resource.urn, parent));
  }
  return renamed;
}

/** A provider reference is `URN::ID`. */
function follow(reference: string, fix: (urn: string) => string): string {
  const cut = reference.lastIndexOf("::");
  return cut < 0 ? reference : fix(reference.slice(0, cut)) + reference.slice(cut);
}

function fixed(resource: Resource, fix: (urn: string) => string): Resource {
  const { aliases: _dropped, ...rest } = resource;
  const properties = Object.entries(resource.propertyDependencies ?? {});
  return {
    ...rest,
    urn: fix(resource.urn),
    type: resource.type,
    custom: resource.custom,
    ...(resource.parent && { parent: fix(resource.parent) }),
    ...(resource.provider && { provider: follow(resource.provider, fix) }),
    ...(resource.dependencies && { dependencies: resource.dependencies.map(fix) }),
    ...(resource.propertyDependencies && {
      propertyDependencies: Object.fromEntries(
        properties.map(([key, urns]) => [key, urns?.map(fix) ?? null]),
      ),
    }),
    ...(resource.deletedWith && { deletedWith: fix(resource.deletedWith) }),
    ...(resource.viewOf && { viewOf: fix(resource.viewOf) }),
  };
}

function fixedSnippet(
  snippet: Record<string, unknown>,
  fix: (urn: string) => string,
): Record<string, unknown> {
  if (typeof snippet.references !== "object" || snippet.references === null) return snippet;
  const pairs = Object.entries(snippet.references).map<[string, unknown]>(([key, urn]) => [
    key,
    typeof urn === "string" ? fix(urn) : urn,
  ]);
  return { ...snippet, references: Object.fromEntries(pairs) };
}

export function followAliases(deployment: Deployment): Deployment {
  const resources = deployment.resources ?? [];
  if (!resources.some(resource => resource.aliases?.length)) return deployment;
  const renamed = renames(resources);
  const fix = (urn: string): string => renamed.get(urn) ?? urn;
  return {
    ...deployment,
    resources: resources.map(resource => fixed(resource, fix)),
    ...(deployment.snippets && { snippets: deployment.snippets.map(snippet => fixedSnippet(snippet, fix)) }),
  };
}
