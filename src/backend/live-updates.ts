/**
 * What the service remembers of running updates, so that a batch of entries costs no look at the store: only what never
 * changes after an update's start. Whether it still runs is asked in the transaction that stores the entries.
 */
import type { StateStore, StoredUpdate } from "../engine/ports/state-store.ts";
import { boundPlan, type Base, type BoundPlan } from "./binding/judge.ts";
import { fromText } from "./deployment/stored.ts";
import type { Resource } from "./deployment/types.ts";
import { KIND, type JournalEntry } from "./journal/entry.ts";
import { replay } from "./journal/replay.ts";
import { parseEntries } from "./settle.ts";

export interface LiveUpdate {
  readonly update: StoredUpdate;
  readonly tokenHash: Uint8Array;
  /** Missing: a person's update, which is bound to nothing. */
  readonly plan?: BoundPlan;
  readonly base: Base;
}

export interface LiveUpdates {
  /** Undefined where no such update was started. */
  find(id: string): Promise<LiveUpdate | undefined>;
  forget(id: string): void;
}

/** Updates remembered at once: far more than one daemon runs; the oldest is asked for anew. */
const MAX_REMEMBERED = 256;

const setsBase = (entry: JournalEntry): boolean =>
  entry.kind === KIND.write || entry.kind === KIND.rebuiltBaseState;

function createBase(store: StateStore, update: StoredUpdate): Base {
  let checkpoint: ReturnType<typeof fromText> | undefined;
  const began = async (): Promise<ReturnType<typeof fromText>> =>
    (checkpoint ??= fromText((await store.checkpoint(update.stackId, update.baseVersion))?.text));
  return {
    // Entries may have put another base in the place of the first: found in the journal itself, which survives a restart.
    urnAt: async (index, before) => {
      const all = [...parseEntries(await store.journal(update.id)), ...before];
      const last = all.findLastIndex(setsBase);
      const base = await began();
      const now = last < 0 ? base : replay(base, all.slice(0, last + 1), "").checkpoint;
      return now.deployment?.resources?.[index]?.urn;
    },
    hasRead: async (urn, id) => {
      const same = (resource: Resource): boolean =>
        resource.urn === urn && resource.external === true && resource.id === id;
      return (await began()).deployment?.resources?.some(same) ?? false;
    },
  };
}

export function createLiveUpdates(store: StateStore): LiveUpdates {
  const known = new Map<string, LiveUpdate>();
  return {
    find: async id => {
      const cached = known.get(id);
      if (cached) return cached;
      const update = await store.update(id);
      if (!update?.tokenHash) return undefined;
      const { tokenHash, binding } = update;
      const base = createBase(store, update);
      const live = { update, tokenHash, base, ...(binding && { plan: boundPlan(binding) }) };
      const [oldest] = known.keys();
      if (known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
      known.set(id, live);
      return live;
    },
    forget: id => void known.delete(id),
  };
}
