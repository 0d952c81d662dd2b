/** May a deployment become this stack's state? What a newer Pulumi or another stack wrote is told before it is taken. Pure. */
import { KNOWN_FEATURES } from "./deployment/features.ts";
import { isObject, type Deployment } from "./deployment/types.ts";

export interface Refusal {
  readonly why: string;
  readonly hint?: string;
}

/** Of apitype UntypedDeployment: 3, or 4 where `features` says what a reader must know (CLI 3.259.0). */
const OLDEST = 3;
const NEWEST = 4;

const CURRENT_CLI =
  "any change with a current Pulumi CLI where it was brings it up to date; then export it again";
const NEWER = "a newer Pulumi wrote it: update holdfast, which reads what its own Pulumi CLI reads";

/** Why a file of `pulumi stack export` is of a kind that is not read here; undefined: it is. */
export function formRefusal(value: unknown): Refusal | undefined {
  if (!isObject(value) || typeof value["version"] !== "number")
    return {
      why: "This is no deployment: a file of `pulumi stack export` holds `version` and `deployment`.",
    };
  const { version, features } = value;
  const read = `holdfast reads ${OLDEST} and ${NEWEST}`;
  if (version > NEWEST) return { why: `The deployment has schema version ${version}; ${read}.`, hint: NEWER };
  if (version < OLDEST)
    return { why: `The deployment has schema version ${version}; ${read}.`, hint: CURRENT_CLI };
  if (features === undefined || features === null) return undefined;
  const named = (Array.isArray(features) ? features : [features]).map(one =>
    typeof one === "string" ? one : JSON.stringify(one),
  );
  const unknown = named.filter(one => !KNOWN_FEATURES.has(one));
  if (unknown.length === 0) return undefined;
  return { why: `The deployment needs what holdfast does not know: ${unknown.join(", ")}.`, hint: NEWER };
}

/** `project/stack` of a URN (`urn:pulumi:STACK::PROJECT::…`). */
function ownerOf(urn: string): string {
  const [stack = "", project = ""] = urn.slice("urn:pulumi:".length).split("::");
  return `${project}/${stack}`;
}

/** Names of other stacks that resources of the deployment belong to, sorted. */
export function strangersIn(deployment: Deployment, stack: string): readonly string[] {
  const resources = deployment.resources ?? [];
  const pending = (deployment.pending_operations ?? []).map(({ resource }) => resource);
  const owners = new Set([...resources, ...pending].map(({ urn }) => ownerOf(urn)));
  return [...owners].filter(owner => owner !== stack).sort();
}
