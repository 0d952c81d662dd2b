/** What a reader of a deployment must understand (pkg/resource/stack/deployment.go: ApplyFeatures). */
import type { Deployment, Resource } from "./types.ts";

const filled = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === "object" && value !== null
      ? Object.keys(value).length > 0
      : Boolean(value);

const byField: readonly (readonly [string, string])[] = [
  ["refreshBeforeUpdate", "refreshBeforeUpdate"],
  ["viewOf", "views"],
  ["resourceHooks", "hooks"],
  ["taint", "taint"],
  ["replaceWith", "replaceWith"],
  ["extensionRef", "extensionParameterization"],
  ["snippetID", "snippets-prototype"],
];

const BYTE_STRING = "byteString";
const SNIPPETS = "snippets-prototype";

/** All that CLI 3.259.0 knows; one that it does not know it refuses to read. */
export const KNOWN_FEATURES: ReadonlySet<string> = new Set([
  ...byField.map(([, feature]) => feature),
  BYTE_STRING,
  SNIPPETS,
]);

function ofResource(resource: Resource, into: Set<string>): void {
  for (const [field, feature] of byField) if (filled(resource[field])) into.add(feature);
}

/** `byteString` can't be seen in an encrypted value, so the entries say it. Sorted; empty where version 3 will do. */
export function featuresOf(deployment: Deployment, byteString: boolean): string[] {
  const found = new Set<string>();
  const resources = deployment.resources ?? [];
  const operations = deployment.pending_operations ?? [];
  for (const resource of resources) ofResource(resource, found);
  for (const operation of operations) ofResource(operation.resource, found);
  if (byteString && resources.length + operations.length > 0) found.add(BYTE_STRING);
  if ((deployment.snippets?.length ?? 0) > 0) found.add(SNIPPETS);
  return [...found].sort();
}
