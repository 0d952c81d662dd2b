/** The plan: what an apply would do, as a plain value with a digest. */
import type { StackName } from "./stack.ts";

export type Op =
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "import"
  | "import-replacement"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace";

/** How one property differs. */
export interface PathChange {
  /** Property path as Pulumi writes it, for example `spec.replicas` or `tags["a.b"]`. */
  readonly path: string;
  readonly kind: "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";
}

export interface Change {
  readonly urn: string;
  readonly type: string;
  /** Last part of the URN. */
  readonly name: string;
  readonly op: Op;
  readonly paths: readonly PathChange[];
  /** Properties before and after, secrets as "[secret]", unknown values as the engine's marker. For local display and binding. */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  /** A component: it groups others and is nothing by itself, so limits and totals leave it out. */
  readonly component?: true;
}

/** A resource whose real state could not be read, and why. */
export interface UnknownResource {
  readonly urn: string;
  readonly why: string;
}

export interface Plan {
  readonly stack: StackName;
  /** Commit that the program came from. */
  readonly revision: string;
  /** Version of the state that the plan was made from; 0 where the stack has none. */
  readonly stateVersion: number;
  readonly configHash: string;
  /** What reality did since the last apply. op: `update` (changed) or `delete` (gone). */
  readonly drift: readonly Change[];
  /** What an up would do, after the drift above is taken in. Never `same`. */
  readonly changes: readonly Change[];
  readonly unknown: readonly UnknownResource[];
  /** Custom resources in the state, providers and the stack itself not counted. */
  readonly resources: number;
  /** Reality was read with the provider settings of the program, not of the state: so must be the drift's refresh. */
  readonly refreshRunsProgram?: true;
  /** SHA-256, hex, of revision, configHash, operations and masked inputs. */
  readonly digest: string;
}

/** The engine's marker of a value that is known only after an apply (sdk/go/common/resource/plugin UnknownStringValue). */
export const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** How the engine's events show a secret. */
export const SECRET_MASK = "[secret]";
