/** A deployment as `pulumi stack export` writes it (apitype core.go, DeploymentV3); fields not named here are carried along. */

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id?: string;
  readonly parent?: string;
  readonly provider?: string;
  readonly delete?: boolean;
  readonly protect?: boolean;
  readonly external?: boolean;
  readonly pendingReplacement?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
  readonly replaceWith?: readonly string[];
  readonly aliases?: readonly string[];
  readonly viewOf?: string;
  readonly [field: string]: unknown;
}

/** What the engine was doing; `type` is creating, updating, deleting, reading or importing. */
export interface Operation {
  readonly type: string;
  readonly resource: Resource;
}

export interface SecretsProvider {
  readonly type: string;
  readonly state?: unknown;
}

export interface Manifest {
  readonly time: string;
  /** Hex SHA-256 of `version`: the CLI panics on another. */
  readonly magic: string;
  readonly version: string;
}

export interface Deployment {
  readonly manifest: Manifest;
  readonly secrets_providers?: SecretsProvider;
  readonly resources?: readonly Resource[];
  readonly pending_operations?: readonly Operation[];
  readonly metadata?: unknown;
  readonly snippets?: readonly Record<string, unknown>[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** apitype UntypedDeployment. */
export interface Checkpoint {
  /** 3, or 4 where `features` says what a reader must know. */
  readonly version: number;
  readonly features?: readonly string[];
  readonly deployment?: Deployment;
}

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.every(item => typeof item === "string"));

export const isResource = (value: unknown): value is Resource =>
  isObject(value) &&
  typeof value.urn === "string" &&
  value.urn !== "" &&
  typeof value.type === "string" &&
  isStrings(value.dependencies) &&
  isStrings(value.replaceWith) &&
  isStrings(value.aliases) &&
  (value.inputs === undefined || isObject(value.inputs)) &&
  (value.outputs === undefined || isObject(value.outputs));

export const isOperation = (value: unknown): value is Operation =>
  isObject(value) && typeof value.type === "string" && isResource(value.resource);

export const isDeployment = (value: unknown): value is Deployment =>
  isObject(value) &&
  isObject(value.manifest) &&
  (value.resources === undefined || (Array.isArray(value.resources) && value.resources.every(isResource))) &&
  (value.pending_operations === undefined ||
    (Array.isArray(value.pending_operations) && value.pending_operations.every(isOperation)));

export const isCheckpoint = (value: unknown): value is Checkpoint =>
  isObject(value) &&
  typeof value.version === "number" &&
  (value.deployment === undefined || isDeployment(value.deployment));

/** A value that Pulumi writes with a signature: secret, asset, output … (sdk/go/common/resource/sig). */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
export const ROOT_TYPE = "pulumi:pulumi:Stack";

/** The type at the end of a URN's type chain: `urn:pulumi:stack::project::parent$type::name`. */
export function typeOf(urn: string): string {
  const chain = urn.split("::")[2] ?? "";
  return chain.slice(chain.lastIndexOf("$") + 1);
}

export const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");
