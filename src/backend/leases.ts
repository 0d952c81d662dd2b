/** Who holds which stack. */
import { leaseText } from "../engine/ports/lease-text.ts";
import type { Lease } from "../engine/ports/state.ts";
import type { StateStore, StoredUpdate } from "../engine/ports/state-store.ts";

/** Of an update that holds a lease or is closing. */
export async function leaseOf(store: StateStore, stack: string, update: StoredUpdate): Promise<Lease> {
  const run = update.runId === undefined ? undefined : await store.run(update.runId);
  const holder = run?.holder ?? update.holder;
  const since = update.startedAt ?? update.createdAt;
  return {
    stack,
    update: update.id,
    kind: update.kind,
    who: update.who,
    ...(update.runId !== undefined && { run: update.runId }),
    ...(run?.about !== undefined && { about: run.about }),
    ...(holder && { holder }),
    since,
    ...(update.renewedAt !== undefined && { renewed: update.renewedAt }),
    expires: update.expiresAt ?? since,
  };
}

const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** For whoever wants to change the stack and may not now. */
export async function busyText(store: StateStore, stack: string, update: StoredUpdate): Promise<string> {
  const lease = await leaseOf(store, stack, update);
  const heard = clockTime(lease.renewed ?? lease.since);
  return (
    `${stack} is being changed ${leaseText(lease)}. Wait until it has ended. ` +
    `It was last heard of at ${heard} UTC; if it is dead, its lease ends by itself at ${clockTime(lease.expires)} UTC, ` +
    `or with: holdfast unlock ${stack} (or pulumi cancel).`
  );
}

/** Of all stacks, or of one. */
export async function allLeases(store: StateStore, stackId?: number): Promise<readonly Lease[]> {
  const found: Lease[] = [];
  for (const update of await store.openUpdates(stackId)) {
    const stack = await store.stackById(update.stackId);
    if (stack) found.push(await leaseOf(store, stack.name, update));
  }
  return found;
}
