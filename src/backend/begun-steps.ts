/**
 * Which steps an update has begun and not ended, as its journal says: the provider host asks before each change that it
 * makes. The journal of a running update only grows, so each entry is read once.
 */
import type { Clock } from "../engine/ports/clock.ts";
import type { StateStore } from "../engine/ports/state-store.ts";
import { KIND, type JournalEntry } from "./journal/entry.ts";
import { parseEntries } from "./settle.ts";

export interface BegunSteps {
  /** Whether the run has a running update with a living lease that has begun, and not ended, a step on this URN. */
  isOpen(runId: string, urn: string): Promise<boolean>;
}

interface Seen {
  readonly update: string;
  readonly after: number;
  /** By the number of the operation: its URN. */
  readonly open: Map<number, string>;
}

/** Runs that are remembered: far more than one daemon works on at a time; the oldest is read anew. */
const MAX_REMEMBERED = 256;
const FIRST = -1;

function note(open: Map<number, string>, entry: JournalEntry): void {
  const { kind, operationID, operation } = entry;
  if (kind === KIND.begin && operation) open.set(operationID, operation.resource.urn);
  if (kind === KIND.success || kind === KIND.failure) open.delete(operationID);
}

async function readOn(store: StateStore, seen: Seen): Promise<Seen> {
  const rows = await store.journalAfter(seen.update, seen.after);
  const entries = parseEntries(rows.map(({ text }) => text));
  for (const entry of entries) note(seen.open, entry);
  return { ...seen, after: rows.at(-1)?.sequence ?? seen.after };
}

const has = ({ open }: Seen, urn: string): boolean => [...open.values()].includes(urn);

export function createBegunSteps(store: StateStore, clock: Clock): BegunSteps {
  const known = new Map<string, Seen>();
  const remember = (runId: string, seen: Seen): void => {
    const [oldest] = known.keys();
    if (!known.has(runId) && known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(runId, seen);
  };
  return {
    async isOpen(runId, urn) {
      const update = await store.liveUpdateOf(runId, clock.now());
      if (update === undefined) {
        known.delete(runId);
        return false;
      }
      const fresh: Seen = { update, after: FIRST, open: new Map() };
      const before = known.get(runId);
      const now = await readOn(store, before?.update === update ? before : fresh);
      remember(runId, now);
      if (has(now, urn)) return true;
      // A batch with smaller numbers may have come after one with larger ones: before a no, all is read again.
      const whole = await readOn(store, fresh);
      remember(runId, whole);
      return has(whole, urn);
    },
  };
}
