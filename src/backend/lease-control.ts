/** The engine's side of leases: who holds which stack, the end of a lease, and what people did beside the runs. */
import type { Clock } from "../engine/ports/clock.ts";
import { leaseText } from "../engine/ports/lease-text.ts";
import type { StackName } from "../engine/ports/stack.ts";
import type { PendingOperation, StateControl } from "../engine/ports/state.ts";
import type { StateStore, StoredStack, StoredUpdate } from "../engine/ports/state-store.ts";
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import type { Deployment } from "./deployment/types.ts";
import { fromText } from "./deployment/stored.ts";
import { beginEdit, endEdit } from "./edit.ts";
import { describeProcess } from "./http/peer.ts";
import { KIND } from "./journal/entry.ts";
import { allLeases, leaseOf } from "./leases.ts";
import { resolvePending, takeBack, type Resolved } from "./pending.ts";
import { parseEntries, type Settler } from "./settle.ts";

export interface LeaseParts {
  readonly store: StateStore;
  readonly settler: Settler;
  readonly clock: Clock;
  /** The stack as it stands after everything that died has been replayed. */
  readonly current: (name: StackName) => Promise<StoredStack | undefined>;
}

type LeaseControl = Pick<
  StateControl,
  | "leases"
  | "endExpired"
  | "underWay"
  | "unlock"
  | "resolvePending"
  | "undoAdoption"
  | "handwork"
  | "takeHandwork"
>;

/** Who holds the stack, as a failure. */
export async function busyFailure(
  store: StateStore,
  name: StackName,
  holder: StoredUpdate,
): Promise<{ ok: false; failure: Failure }> {
  return fail({
    kind: "waiting",
    reason: "stack-busy",
    by: leaseText(await leaseOf(store, name, holder)),
  });
}

async function endExpired(
  { store, settler, clock }: LeaseParts,
  exceptRuns: readonly string[],
): Promise<void> {
  for (const { runId, expiresAt = 0, stackId } of await store.openUpdates())
    if (expiresAt < clock.now() && !exceptRuns.includes(runId ?? "")) await settler.sweep(stackId);
}

/** Kinds of entries that tell how a step ended. */
const ENDS: readonly number[] = [KIND.success, KIND.failure, KIND.refreshSuccess];

/** From the journal: nothing of it is in the state before the update ends. */
async function underWay({ store }: LeaseParts, name: StackName): Promise<readonly PendingOperation[]> {
  const stack = await store.stack(name);
  const [update] = stack ? await store.openUpdates(stack.id) : [];
  const entries = update ? parseEntries(await store.journal(update.id)) : [];
  const ended = new Set(entries.filter(({ kind }) => ENDS.includes(kind)).map(one => one.operationID));
  return entries.flatMap(({ kind, operationID, operation }) =>
    kind === KIND.begin && operation && !ended.has(operationID)
      ? [{ urn: operation.resource.urn, type: operation.resource.type, operation: operation.type }]
      : [],
  );
}

async function unlock(parts: LeaseParts, name: StackName, who: string): Promise<boolean> {
  const stack = await parts.current(name);
  const [held] = stack ? await parts.store.openUpdates(stack.id) : [];
  if (!stack || !held) return false;
  await parts.settler.end(held, "cancelled");
  // The history says whose word it was, beside the update that it ended.
  const note = await beginEdit(parts, stack, { kind: "unlock", who, holder: describeProcess(process.pid) });
  if (note.ok) await parts.settler.end(note.update, "succeeded");
  return true;
}

const unreadable = (why: string, hint: string): { ok: false; failure: Failure } =>
  fail({ kind: "stalled", reason: "state-unreadable", why, hint });

/** What becomes of a state's pending operations, by whose word, as the history names it. */
interface PendingEdit {
  readonly kind: string;
  readonly who: string;
  readonly edit: (deployment: Deployment) => Resolved;
}

async function editPending(
  parts: LeaseParts,
  name: StackName,
  { kind, who, edit }: PendingEdit,
): Promise<Result<void>> {
  const stack = await parts.current(name);
  if (!stack)
    return unreadable(`stack ${name} has no state here`, "`holdfast status` lists the stacks that have");
  const begun = await beginEdit(parts, stack, { kind, who, holder: describeProcess(process.pid) });
  if (!begun.ok) return busyFailure(parts.store, name, begun.holder);
  const { deployment } = fromText((await parts.store.checkpoint(stack.id))?.text);
  const resolved = deployment && edit(deployment);
  if (resolved?.ok) {
    await endEdit(parts, begun.update, () => resolved.deployment);
    return ok(undefined);
  }
  await parts.settler.end(begun.update, "failed");
  return unreadable(`${name}: ${resolved?.why ?? "there is no state"}`, "Nothing was changed.");
}

export function createLeaseControl(parts: LeaseParts): LeaseControl {
  const { store } = parts;
  return {
    leases: async name => {
      if (name === undefined) return allLeases(store);
      const stack = await parts.current(name);
      return stack ? allLeases(store, stack.id) : [];
    },
    endExpired: exceptRuns => endExpired(parts, exceptRuns),
    underWay: name => underWay(parts, name),
    unlock: (name, who) => unlock(parts, name, who),
    resolvePending: (name, word, who) =>
      editPending(parts, name, {
        kind: word.adopt.length > 0 ? "adopt" : "forget",
        who,
        edit: deployment => resolvePending(deployment, word),
      }),
    undoAdoption: (name, adopted, who) =>
      editPending(parts, name, {
        kind: "undo adopt",
        who,
        edit: deployment => takeBack(deployment, adopted),
      }),
    handwork: () => store.handwork(),
    takeHandwork: ids => store.takeHandwork(ids),
  };
}
