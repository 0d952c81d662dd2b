/**
 * From the checkpoint that an update began with and the journal of what it did to the checkpoint after it. Pure.
 * Semantics: pkg/backend/journal.go (JournalReplayer), which the CLI itself uses where no service replays.
 */
import { createHash } from "node:crypto";
import { featuresOf } from "../deployment/features.ts";
import type { Checkpoint, Deployment, Operation, Resource } from "../deployment/types.ts";
import { followAliases } from "./aliases.ts";
import { dropDangling } from "./dangling.ts";
import { KIND, type JournalEntry } from "./entry.ts";

/** Version of the engine that the checkpoint is written for: the one CLI that we run. */
export const ENGINE_VERSION = "v3.259.0";
const SCHEMA = 3;
const SCHEMA_WITH_FEATURES = 4;

interface Progress {
  base: Deployment;
  /** What the update made, in its order; indices are never reused. */
  made: Resource[];
  madeBy: Map<number, number>;
  madeAndGone: Set<number>;
  baseGone: Set<number>;
  baseReplaced: Map<number, Resource>;
  baseToDelete: Set<number>;
  basePendingReplacement: Set<number>;
  begun: Map<number, JournalEntry>;
  extensions: Map<string, unknown>;
}

/** What entries say of the whole journal. */
interface Told {
  readonly anyRefresh: boolean;
  readonly byteString: boolean;
}

const startFrom = (base: Deployment): Progress => ({
  base,
  made: [],
  madeBy: new Map(),
  madeAndGone: new Set(),
  baseGone: new Set(),
  baseReplaced: new Map(),
  baseToDelete: new Set(),
  basePendingReplacement: new Set(),
  begun: new Map(),
  extensions: new Map(),
});

const given = (index: number | null | undefined): index is number => index !== undefined && index !== null;

/** Changes a resource that this update made. */
function amend(progress: Progress, operation: number, change: (resource: Resource) => Resource): void {
  const index = progress.madeBy.get(operation);
  const made = index === undefined ? undefined : progress.made[index];
  if (index !== undefined && made) progress.made[index] = change(made);
}

function succeed(progress: Progress, entry: JournalEntry): void {
  progress.begun.delete(entry.operationID);
  if (entry.state) {
    progress.madeBy.set(entry.operationID, progress.made.length);
    progress.made.push(entry.state);
  }
  if (given(entry.removeOld)) progress.baseGone.add(entry.removeOld);
  if (given(entry.removeNew)) progress.madeAndGone.add(entry.removeNew);
  if (given(entry.deleteOld)) progress.baseToDelete.add(entry.deleteOld);
  if (given(entry.deleteNew)) amend(progress, entry.deleteNew, made => ({ ...made, delete: true }));
  if (given(entry.pendingReplacementOld)) progress.basePendingReplacement.add(entry.pendingReplacementOld);
  if (given(entry.pendingReplacementNew))
    amend(progress, entry.pendingReplacementNew, made => ({ ...made, pendingReplacement: true }));
}

function refreshed(progress: Progress, entry: JournalEntry): void {
  const { state } = entry;
  progress.begun.delete(entry.operationID);
  if (given(entry.removeOld)) {
    if (state) progress.baseReplaced.set(entry.removeOld, state);
    else progress.baseGone.add(entry.removeOld);
  }
  if (given(entry.removeNew)) {
    if (state) amend(progress, entry.removeNew, () => state);
    else progress.madeAndGone.add(entry.removeNew);
  }
}

function outputs(progress: Progress, entry: JournalEntry): void {
  const { state } = entry;
  if (!state) return;
  if (given(entry.removeOld)) progress.baseReplaced.set(entry.removeOld, state);
  if (given(entry.removeNew)) amend(progress, entry.removeNew, () => state);
}

function fromBase(progress: Progress): Resource[] {
  const kept: Resource[] = [];
  for (const [index, resource] of (progress.base.resources ?? []).entries()) {
    if (progress.baseGone.has(index)) continue;
    const replaced = progress.baseReplaced.get(index);
    const pending = progress.basePendingReplacement.has(index) && { pendingReplacement: true };
    const toDelete = progress.baseToDelete.has(index) && { delete: true };
    kept.push(replaced ?? (pending || toDelete ? { ...resource, ...pending, ...toDelete } : resource));
  }
  return kept;
}

/** Begun and never ended, and creates that were unknown before: only a person or a refresh resolves those. */
function pendingOperations(progress: Progress): Operation[] {
  const unknown = [...progress.begun.values()].flatMap(entry => (entry.operation ? [entry.operation] : []));
  const before = (progress.base.pending_operations ?? []).filter(operation => operation.type === "creating");
  return [...unknown, ...before];
}

interface Built {
  readonly deployment: Deployment;
  readonly features: readonly string[];
}

function build(progress: Progress, { anyRefresh, byteString }: Told, time: string): Built {
  const gone = new Set([...progress.madeAndGone].map(operation => progress.madeBy.get(operation)));
  const made = progress.made.filter((_, index) => !gone.has(index));
  const all = [...made, ...fromBase(progress)];
  const resources = anyRefresh ? dropDangling(all) : all;
  const operations = pendingOperations(progress);
  const extensions = { ...Object.fromEntries(progress.extensions), ...progress.base.extensions };
  const { secrets_providers, metadata, snippets } = progress.base;
  const magic = createHash("sha256").update(ENGINE_VERSION).digest("hex");
  const deployment = followAliases({
    manifest: { time, magic, version: ENGINE_VERSION },
    ...(secrets_providers && { secrets_providers }),
    ...(resources.length > 0 && { resources }),
    ...(operations.length > 0 && { pending_operations: operations }),
    metadata: metadata ?? {},
    ...(snippets?.length && { snippets }),
    ...(Object.keys(extensions).length > 0 && { extensions }),
  });
  // Of the resources as they came, as the engine counts: before pointers to what a refresh lost are dropped.
  const features = featuresOf({ ...deployment, resources: all }, byteString);
  return { deployment, features };
}

export interface Replayed {
  readonly checkpoint: Checkpoint & { readonly deployment: Deployment };
  /** URNs of steps that were begun and never ended in this journal. */
  readonly unknown: readonly string[];
}

/** A stack without state starts from this. */
export const EMPTY: Deployment = { manifest: { time: "0001-01-01T00:00:00Z", magic: "", version: "" } };

/** `time` is RFC 3339. Linear in entries and resources. */
export function replay(base: Checkpoint, entries: Iterable<JournalEntry>, time: string): Replayed {
  let progress = startFrom(base.deployment ?? EMPTY);
  const told = { anyRefresh: false, byteString: base.features?.includes("byteString") ?? false };
  for (const entry of entries) {
    told.byteString ||= entry.requiresByteString === true;
    told.anyRefresh ||=
      entry.kind === KIND.refreshSuccess || (entry.kind === KIND.success && entry.isRefresh === true);
    progress = step(progress, entry, () => build(progress, told, time).deployment);
  }
  const { deployment, features } = build(progress, told, time);
  const version = features.length > 0 ? SCHEMA_WITH_FEATURES : SCHEMA;
  const unknown = [...progress.begun.values()].flatMap(entry => entry.operation?.resource.urn ?? []);
  return { checkpoint: { version, ...(features.length > 0 && { features }), deployment }, unknown };
}

function step(progress: Progress, entry: JournalEntry, rebuild: () => Deployment): Progress {
  switch (entry.kind) {
    case KIND.begin:
      progress.begun.set(entry.operationID, entry);
      return progress;
    case KIND.success:
      succeed(progress, entry);
      return progress;
    case KIND.failure:
      progress.begun.delete(entry.operationID);
      return progress;
    case KIND.refreshSuccess:
      refreshed(progress, entry);
      return progress;
    case KIND.outputs:
      outputs(progress, entry);
      return progress;
    case KIND.write:
      return { ...progress, base: entry.newSnapshot ?? EMPTY };
    case KIND.secretsManager:
      return { ...progress, base: withProvider(progress.base, entry) };
    case KIND.rebuiltBaseState:
      return startFrom(rebuild());
    case KIND.extensionParameterize:
      if (entry.extensionRef) progress.extensions.set(entry.extensionRef, entry.extension);
      return progress;
    case KIND.snippets:
      return { ...progress, base: { ...progress.base, snippets: entry.snippets ?? [] } };
    default:
      throw new Error(
        `journal entry ${entry.sequenceID} is of kind ${entry.kind}, which this version does not know`,
      );
  }
}

function withProvider(base: Deployment, entry: JournalEntry): Deployment {
  const { secrets_providers: _before, ...rest } = base;
  return entry.secretsProvider ? { ...rest, secrets_providers: entry.secretsProvider } : rest;
}
