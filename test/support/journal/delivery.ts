/** A journal on its way: batches that come twice and out of order, a service that dies, an end that nobody tells. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { fromText, toText } from "../../../src/backend/deployment/stored.ts";
import type { Checkpoint } from "../../../src/backend/deployment/types.ts";
import type { JournalEntry } from "../../../src/backend/journal/entry.ts";
import { createStackKeys, type KeyWrapper } from "../../../src/backend/keys.ts";
import { createSettler, type Settled, type Settler } from "../../../src/backend/settle.ts";
import type { StateStore, StoredUpdate } from "../../../src/engine/ports/state-store.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../../src/store/state-sqlite.ts";
import { createTestClock, type TestClock } from "../state-stage.ts";

export interface Delivery {
  /** Sizes of the batches, in turn. */
  readonly sizes: readonly number[];
  /** Which batch comes next, of the first three that have not come. */
  readonly order: readonly number[];
  readonly repeats: readonly boolean[];
  /** Nothing comes after so many batches. */
  readonly cut: number;
  readonly end: "told" | "lease runs out" | "died while closing";
}

export const deliveries: fc.Arbitrary<Delivery> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  order: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
  repeats: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  cut: fc.nat(20),
  end: fc.constantFrom("told", "lease runs out", "died while closing"),
});

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];

/** As they arrive, out of order and some of them twice. */
export function batchesOf(
  entries: readonly JournalEntry[],
  { sizes, order, repeats, cut }: Delivery,
): readonly (readonly JournalEntry[])[] {
  const underWay: (readonly JournalEntry[])[] = [];
  for (let from = 0, turn = 0; from < entries.length; turn++) {
    const size = at(sizes, turn) ?? 1;
    underWay.push(entries.slice(from, from + size));
    from += size;
  }
  const arrived: (readonly JournalEntry[])[] = [];
  for (let turn = 0; underWay.length > 0; turn++) {
    const next = Math.min(at(order, turn) ?? 0, underWay.length - 1);
    const [batch = []] = underWay.splice(next, 1);
    arrived.push(batch);
    if (at(repeats, turn)) arrived.push(batch);
  }
  return arrived.slice(0, cut);
}

export interface Bench {
  deliver(
    base: Checkpoint,
    batches: readonly (readonly JournalEntry[])[],
    end: Delivery["end"],
  ): Promise<{ readonly before: Checkpoint; readonly after: Checkpoint; readonly moved: boolean }>;
  /** Journal entries that are still kept. */
  left(): number;
  close(): void;
}

const LEASE_MS = 1000;

interface Parts {
  readonly store: StateStore;
  readonly settler: Settler;
  readonly clock: TestClock;
}

async function begin({ store, clock }: Parts, stackId: number): Promise<StoredUpdate> {
  const id = randomUUID();
  const now = clock.now();
  const update = { id, stackId, kind: "update", dryRun: false, who: "anna", createdAt: now };
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  const lease = { id, tokenHash: new Uint8Array(32), at: now, expiresAt: now + LEASE_MS };
  const started = await store.startUpdate(lease);
  if (started.outcome !== "started") throw new Error(started.outcome);
  return started.update;
}

/** Nothing here is secret. */
const openly: KeyWrapper = {
  wrap: async key => ({ wrapped: key, recipients: [] }),
  unwrap: async wrapped => wrapped,
};

export function openDeliveries(): Bench {
  const db = openDatabase(":memory:", stateMigrations);
  const clock = createTestClock();
  const stackKeys = createStackKeys(openly, createSqliteStateStore(db));
  /** As a process that was just started sees it. */
  const open = (): Parts => {
    const store = createSqliteStateStore(db);
    return { store, clock, settler: createSettler({ store, stackKeys, clock }) };
  };
  const current = async (parts: Parts, stackId: number): Promise<Checkpoint> =>
    fromText((await parts.store.checkpoint(stackId))?.text);
  const finish = async (
    parts: Parts,
    update: StoredUpdate,
    how: Delivery["end"],
  ): Promise<Settled | void> => {
    if (how === "told") return parts.settler.end(update, "succeeded");
    if (how === "died while closing") await parts.store.closeUpdate(update.id, "succeeded");
    else clock.skip(LEASE_MS + 1);
    return parts.settler.sweep(update.stackId);
  };
  let stacks = 0;
  return {
    deliver: async (base, batches, end) => {
      const name = `web/s${++stacks}`;
      const key = await stackKeys.newKey();
      const parts = open();
      await parts.store.createStack({ name, tags: {}, key, at: 0 });
      const stack = await parts.store.stack(name);
      if (!stack) throw new Error("no stack");
      const first = await begin(parts, stack.id);
      await parts.store.putCheckpoint(first.id, toText(base));
      await parts.settler.end(first, "succeeded");
      const before = await current(parts, stack.id);
      const { version } = (await parts.store.stackById(stack.id)) ?? {};
      const update = await begin(parts, stack.id);
      // Half of them come to a service that was started since: nothing is kept in memory.
      const later = open();
      for (const [index, batch] of batches.entries()) {
        const rows = batch.map(entry => ({ sequence: entry.sequenceID, text: JSON.stringify(entry) }));
        await (index < batches.length / 2 ? parts : later).store.appendJournal(update.id, rows);
      }
      await finish(later, update, end);
      const now = await parts.store.stackById(stack.id);
      return { before, after: await current(parts, stack.id), moved: now?.version !== version };
    },
    left: () => Number(db.prepare("SELECT count(*) AS n FROM state_journal").get()?.["n"]),
    close: () => db.close(),
  };
}
