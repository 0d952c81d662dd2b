/** The end of an update, however it comes: its journal becomes a checkpoint, and the lease is free. */
import type { Clock } from "../engine/ports/clock.ts";
import type { StateStore, StoredUpdate, UpdateEnd } from "../engine/ports/state-store.ts";
import { hasMoved } from "./deployment/moved.ts";
import { fromText, toText } from "./deployment/stored.ts";
import { isCheckpoint, type Checkpoint } from "./deployment/types.ts";
import { dropAnswered } from "./journal/answered.ts";
import { isJournalEntry, type JournalEntry } from "./journal/entry.ts";
import { replay } from "./journal/replay.ts";
import type { StackCipher, StackKeys } from "./keys.ts";
import { reseal } from "./reseal.ts";

export interface Settled {
  readonly version: number;
  /** URNs of steps that were begun and whose end nobody told. */
  readonly unknown: readonly string[];
}

export interface Settler {
  /** Ends an update; one that has ended already stays as it is. */
  end(update: StoredUpdate, status: UpdateEnd): Promise<Settled>;
  /** Ends what died: leases that ran out, and updates whose end was begun and not finished. */
  sweep(stackId?: number): Promise<void>;
}

export interface SettlerParts {
  readonly store: StateStore;
  readonly stackKeys: StackKeys;
  readonly clock: Clock;
}

export function parseEntries(texts: readonly string[]): JournalEntry[] {
  return texts.map(text => {
    const value: unknown = JSON.parse(text);
    if (!isJournalEntry(value)) throw new Error("a stored journal entry is not one");
    return value;
  });
}

interface After {
  readonly checkpoint: Checkpoint;
  readonly unknown: readonly string[];
}

async function stateAfter(
  store: StateStore,
  update: StoredUpdate,
  base: Checkpoint,
  now: number,
): Promise<After> {
  const whole = await store.pendingCheckpoint(update.id);
  if (whole !== undefined) return { checkpoint: fromText(whole), unknown: [] };
  const entries = parseEntries(await store.journal(update.id));
  if (entries.length === 0) return { checkpoint: base, unknown: [] };
  const { checkpoint, unknown } = replay(base, entries, new Date(now).toISOString());
  return { checkpoint: dropAnswered(checkpoint, entries), unknown };
}

/** The CLI writes unchanged secrets as it read them: with the key of that time. */
function newestKeys(checkpoint: Checkpoint, cipher: StackCipher | undefined): string {
  if (!cipher?.rotated) return toText(checkpoint);
  const { value } = reseal(checkpoint, cipher);
  return toText(isCheckpoint(value) ? value : checkpoint);
}

async function settle(parts: SettlerParts, update: StoredUpdate, status: UpdateEnd): Promise<Settled> {
  const { store, stackKeys, clock } = parts;
  const at = clock.now();
  const ending = { status, at };
  const stack = await store.stackById(update.stackId);
  if (!stack || update.dryRun) return { version: await store.settleUpdate(update.id, ending), unknown: [] };
  const base = fromText((await store.checkpoint(update.stackId))?.text);
  const { checkpoint, unknown } = await stateAfter(store, update, base, at);
  const { deployment } = checkpoint;
  const cipher = await stackKeys.cipher(stack);
  if (!deployment || !hasMoved(base.deployment, deployment, cipher))
    return { version: await store.settleUpdate(update.id, ending), unknown };
  const next = { text: newestKeys(checkpoint, cipher), resources: deployment.resources?.length ?? 0 };
  return { version: await store.settleUpdate(update.id, { ...ending, checkpoint: next }), unknown };
}

export function createSettler(parts: SettlerParts): Settler {
  const { store, clock } = parts;
  const end = async (update: StoredUpdate, status: UpdateEnd): Promise<Settled> => {
    if (await store.closeUpdate(update.id, status)) return settle(parts, update, status);
    return { version: (await store.stackById(update.stackId))?.version ?? 0, unknown: [] };
  };
  return {
    end,
    sweep: async stackId => {
      for (const update of await store.openUpdates(stackId)) {
        if (update.status === "closing") await end(update, update.closing?.status ?? "failed");
        else if ((update.expiresAt ?? 0) < clock.now()) await end(update, "failed");
      }
    },
  };
}
