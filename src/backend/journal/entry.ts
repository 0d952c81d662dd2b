/** One entry of an update's journal (apitype/journal.go). */
import { isDeployment, isObject, isOperation, isResource } from "../deployment/types.ts";
import type { Deployment, Operation, Resource, SecretsProvider } from "../deployment/types.ts";

export const KIND = {
  begin: 0,
  success: 1,
  failure: 2,
  refreshSuccess: 3,
  outputs: 4,
  write: 5,
  secretsManager: 6,
  rebuiltBaseState: 7,
  extensionParameterize: 8,
  snippets: 9,
} as const;

export interface JournalEntry {
  readonly version: number;
  readonly kind: number;
  readonly sequenceID: number;
  readonly operationID: number;
  /** Index of a resource of the base. */
  readonly removeOld?: number | null;
  /** Operation that made a resource. */
  readonly removeNew?: number | null;
  readonly pendingReplacementOld?: number | null;
  readonly pendingReplacementNew?: number | null;
  readonly deleteOld?: number | null;
  readonly deleteNew?: number | null;
  readonly state?: Resource | null;
  readonly operation?: Operation | null;
  readonly isRefresh?: boolean;
  readonly secretsProvider?: SecretsProvider | null;
  readonly snippets?: readonly Record<string, unknown>[] | null;
  readonly newSnapshot?: Deployment | null;
  readonly extensionRef?: string | null;
  readonly extension?: unknown;
  readonly requiresByteString?: boolean;
}

const nothing = (value: unknown): boolean => value === undefined || value === null;
const isIndex = (value: unknown): boolean => nothing(value) || Number.isInteger(value);

export const isJournalEntry = (value: unknown): value is JournalEntry & Record<string, unknown> =>
  isObject(value) &&
  Number.isInteger(value.kind) &&
  Number.isInteger(value.sequenceID) &&
  Number.isInteger(value.operationID) &&
  [value.removeOld, value.removeNew, value.deleteOld, value.deleteNew].every(isIndex) &&
  [value.pendingReplacementOld, value.pendingReplacementNew].every(isIndex) &&
  (nothing(value.state) || isResource(value.state)) &&
  (nothing(value.operation) || isOperation(value.operation)) &&
  (nothing(value.newSnapshot) || isDeployment(value.newSnapshot));
