/** What our replay must answer, given what Pulumi's answered. */
import assert from "node:assert/strict";
import { replay, type Replayed } from "../../../src/backend/journal/replay.ts";
import type { Checkpoint, Resource } from "../../../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../../../src/backend/journal/entry.ts";
import type { Answer, Case } from "./oracle.ts";

export const TIME = "2026-06-01T12:00:00Z";

/** The only freedoms: the moment it was made, and the order of pending operations (a map's in Go). */
export function plain({ version, features = [], deployment }: Partial<Checkpoint>): unknown {
  assert.ok(deployment);
  const { manifest, pending_operations: pending = [], ...rest } = deployment;
  const value = {
    version,
    features,
    deployment: {
      ...rest,
      manifest: { ...manifest, time: TIME },
      pending_operations: pending.map(operation => JSON.stringify(sorted(operation))).sort(),
    },
  };
  return JSON.parse(JSON.stringify(value));
}

/** Go writes the keys of a map in order, JavaScript as they came. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * On purpose different (docs/state-service.md, "Replay"): the base's feature `byteString` is kept. Pulumi's replayer is
 * not told of it.
 */
export function withKeptFeature(answer: Answer, base: Checkpoint): Answer {
  const { deployment, features = [] } = answer;
  const any = (deployment?.resources?.length ?? 0) + (deployment?.pending_operations?.length ?? 0) > 0;
  if (!any || !base.features?.includes("byteString") || features.includes("byteString")) return answer;
  return { ...answer, version: 4, features: [...features, "byteString"].sort() };
}

export const ours = ({ base, entries }: Case): Replayed => replay(base, entries, TIME);

export function assertSame(asked: Case, answer: Answer, note = ""): void {
  assert.equal(answer.error, undefined);
  assert.deepEqual(plain(ours(asked).checkpoint), plain(withKeptFeature(answer, asked.base)), note);
}

const POINTERS = ["removeNew", "deleteNew", "pendingReplacementNew"] as const;

/**
 * On purpose different: what points at an operation that left no resource is without effect. Pulumi's replayer takes the
 * update's first resource instead, or panics where there is none. Here it comes of batches that were lost.
 */
export function withoutLostPointers(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  let made = new Set<number>();
  return entries.map(entry => {
    if (entry.kind === KIND.rebuiltBaseState) made = new Set();
    const lost = POINTERS.filter(field => typeof entry[field] === "number" && !made.has(entry[field]));
    if (entry.kind === KIND.success && entry.state) made.add(entry.operationID);
    return { ...entry, ...Object.fromEntries(lost.map(field => [field, null])) };
  });
}

/**
 * On purpose different: a create of unknown outcome is answered by a later one where holdfast's own provider does it,
 * since that adopts what is there. Pulumi keeps it until a person says what became of it.
 */
export function withAnsweredCreates(answer: Answer, entries: readonly JournalEntry[]): Answer {
  const { deployment } = answer;
  const ended = entries.filter(({ kind }) => kind === KIND.success).map(({ operationID }) => operationID);
  const again = entries
    .filter(({ kind, operationID }) => kind === KIND.begin && ended.includes(operationID))
    .flatMap(({ operation }) => (operation?.type === "creating" ? operation.resource.urn : []));
  const open = deployment?.pending_operations?.filter(
    ({ type, resource }) =>
      !(type === "creating" && resource.type.startsWith("holdfast:") && again.includes(resource.urn)),
  );
  return deployment
    ? { ...answer, deployment: { ...deployment, ...(open && { pending_operations: open }) } }
    : answer;
}

/** The service's own address is kept as a placeholder. */
export function withPlaceholder(answer: Answer): Answer {
  const { deployment } = answer;
  const { type, state } = deployment?.secrets_providers ?? {};
  if (!deployment || type !== "service" || typeof state !== "object") return answer;
  const secrets_providers = { type, state: { ...state, url: "http://state.holdfast.invalid" } };
  return { ...answer, deployment: { ...deployment, secrets_providers } };
}

/** What two checkpoints must have in common so that no new version is stored; a sum of its own, not the settler's. */
export function essence({ deployment }: Partial<Checkpoint>): unknown {
  const own = (resource: Resource): string => {
    const { sourcePosition: _position, stackTrace: _trace, ...rest } = resource;
    return JSON.stringify(sorted(rest));
  };
  const { resources = [], pending_operations = [], snippets = [], extensions = {} } = deployment ?? {};
  return {
    resources: resources.map(own).sort(),
    operations: pending_operations.map(({ type, resource }) => `${type} ${own(resource)}`).sort(),
    snippets: sorted(snippets),
    extensions: sorted(extensions),
  };
}
