/** A refresh may take away what others point at: drops the pointers (pkg/backend/journal.go, rebuildDependencies). */
import type { Resource } from "../deployment/types.ts";

type Mutable = { -readonly [K in keyof Resource]: Resource[K] };

function keptPropertyDependencies(
  all: NonNullable<Resource["propertyDependencies"]>,
  known: ReadonlySet<string>,
): Record<string, readonly string[]> {
  const kept = Object.entries(all).map(
    ([property, urns]) => [property, (urns ?? []).filter(urn => known.has(urn))] as const,
  );
  return Object.fromEntries(kept.filter(([, urns]) => urns.length > 0));
}

/** Go leaves empty lists and strings out of its JSON; so do we. */
function setOrDrop<K extends keyof Resource>(
  resource: Mutable,
  key: K,
  value: Resource[K],
  keep: boolean,
): void {
  if (keep) resource[key] = value;
  else delete resource[key];
}

function prune(resource: Resource, known: ReadonlySet<string>): Resource {
  const copy: Mutable = { ...resource };
  if (resource.dependencies?.length) {
    const kept = resource.dependencies.filter(urn => known.has(urn));
    setOrDrop(copy, "dependencies", kept, kept.length > 0);
  }
  if (resource.propertyDependencies && Object.keys(resource.propertyDependencies).length > 0) {
    const kept = keptPropertyDependencies(resource.propertyDependencies, known);
    setOrDrop(copy, "propertyDependencies", kept, Object.keys(kept).length > 0);
  }
  if (resource.replaceWith?.length) {
    const kept = resource.replaceWith.filter(urn => known.has(urn));
    setOrDrop(copy, "replaceWith", kept, kept.length > 0);
  }
  if (resource.deletedWith && !known.has(resource.deletedWith)) delete copy.deletedWith;
  return copy;
}

/** Resources stand after what they depend on; a parent may stand anywhere. */
export function dropDangling(resources: readonly Resource[]): Resource[] {
  const known = new Set<string>();
  const pruned = resources.map(resource => {
    const kept = prune(resource, known);
    known.add(resource.urn);
    return kept;
  });
  return pruned.map(resource => {
    if (!resource.parent || known.has(resource.parent)) return resource;
    const { parent: _gone, ...rest } = resource;
    return rest;
  });
}
