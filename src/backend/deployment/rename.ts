/** A deployment under another stack's name: all URNs of it that name the stack (pkg/resource/edit, RenameStack). */
import type { StackCipher } from "../keys.ts";
import { openText, sealText } from "./secrets.ts";
import { ROOT_TYPE, SECRET_SIGNATURE, SIGNATURE, isObject, type Deployment, type Resource } from "./types.ts";

/** A reference to a resource inside a value (sdk/go/common/resource/sig). */
const REFERENCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
/** A value with dependencies of its own. */
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

export interface Renaming {
  /** `project/stack` */
  readonly from: string;
  readonly to: string;
  /** Opens secrets that hold references; missing: they stay as they are. */
  readonly cipher?: StackCipher;
}

type Rename = (urn: string) => string;

/** URNs of other stacks stay. The root resource is named after its stack. */
function renamer({ from, to }: Renaming): Rename {
  const [oldProject = "", oldStack = ""] = from.split("/");
  const [project = "", stack = ""] = to.split("/");
  const before = `urn:pulumi:${oldStack}::${oldProject}::`;
  return urn => {
    if (!urn.startsWith(before)) return urn;
    const rest = urn.slice(before.length);
    const isRoot = rest.split("::")[0] === ROOT_TYPE;
    return `urn:pulumi:${stack}::${project}::${isRoot ? `${ROOT_TYPE}::${project}-${stack}` : rest}`;
  };
}

function secretValue(value: Record<string, unknown>, rename: Rename, renaming: Renaming): unknown {
  const { ciphertext } = value;
  const { cipher } = renaming;
  if (typeof ciphertext !== "string" || !cipher) return value;
  const text = openText(cipher, ciphertext);
  if (!text?.includes(REFERENCE_SIGNATURE)) return value;
  return {
    ...value,
    ciphertext: sealText(cipher, JSON.stringify(inValue(JSON.parse(text), rename, renaming))),
  };
}

/** Values may hold any text, also such as looks like a URN: only references are renamed. */
function inValue(value: unknown, rename: Rename, renaming: Renaming): unknown {
  if (Array.isArray(value)) return value.map(item => inValue(item, rename, renaming));
  if (!isObject(value)) return value;
  const signature = value[SIGNATURE];
  if (signature === SECRET_SIGNATURE) return secretValue({ ...value }, rename, renaming);
  if (signature === REFERENCE_SIGNATURE && typeof value.urn === "string")
    return { ...value, urn: rename(value.urn) };
  const renamed = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, inValue(item, rename, renaming)]),
  );
  if (signature !== OUTPUT_SIGNATURE || !Array.isArray(value.dependencies)) return renamed;
  return { ...renamed, dependencies: value.dependencies.map(urn => rename(String(urn))) };
}

const properties = (
  given: Resource["inputs"],
  rename: Rename,
  renaming: Renaming,
): Record<string, unknown> => ({ ...(inValue(given ?? {}, rename, renaming) as Record<string, unknown>) });

/** `URN::ID`; the id of one that is only planned is empty. */
function providerReference(reference: string, rename: Rename): string {
  const cut = reference.lastIndexOf("::");
  return rename(reference.slice(0, cut)) + reference.slice(cut);
}

function renameResource(resource: Resource, rename: Rename, renaming: Renaming): Resource {
  const { parent, provider, dependencies, propertyDependencies, deletedWith, replaceWith } = resource;
  const { aliases, viewOf, inputs, outputs } = resource;
  return {
    ...resource,
    urn: rename(resource.urn),
    ...(parent && { parent: rename(parent) }),
    ...(provider && { provider: providerReference(provider, rename) }),
    ...(dependencies && { dependencies: dependencies.map(rename) }),
    ...(propertyDependencies && {
      propertyDependencies: Object.fromEntries(
        Object.entries(propertyDependencies).map(([key, urns]) => [key, urns && urns.map(rename)]),
      ),
    }),
    ...(deletedWith && { deletedWith: rename(deletedWith) }),
    ...(replaceWith && { replaceWith: replaceWith.map(rename) }),
    ...(aliases && { aliases: aliases.map(rename) }),
    ...(viewOf && { viewOf: rename(viewOf) }),
    ...(inputs && { inputs: properties(inputs, rename, renaming) }),
    ...(outputs && { outputs: properties(outputs, rename, renaming) }),
  };
}

export function renameDeployment(deployment: Deployment, renaming: Renaming): Deployment {
  const rename = renamer(renaming);
  const { resources, pending_operations: pending, secrets_providers: manager } = deployment;
  const [project, stack] = renaming.to.split("/");
  const own = manager?.type === "service" && isObject(manager.state);
  return {
    ...deployment,
    ...(own && { secrets_providers: { ...manager, state: { ...Object(manager.state), project, stack } } }),
    ...(resources && { resources: resources.map(one => renameResource(one, rename, renaming)) }),
    ...(pending && {
      pending_operations: pending.map(one => ({
        ...one,
        resource: renameResource(one.resource, rename, renaming),
      })),
    }),
  };
}
