/** A change of a stack's state that is no run of the engine: made under the stack's lease, and in its history. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../engine/ports/clock.ts";
import type { Holder } from "../engine/ports/state.ts";
import type { StateStore, StoredStack, StoredUpdate } from "../engine/ports/state-store.ts";
import { fromText, toText } from "./deployment/stored.ts";
import type { Deployment } from "./deployment/types.ts";
import type { Settler } from "./settle.ts";
import { newToken } from "./tokens.ts";

export interface EditParts {
  readonly store: StateStore;
  readonly settler: Settler;
  readonly clock: Clock;
}

export interface Editor {
  /** `import`, `rename`, `unlock`. */
  readonly kind: string;
  readonly who: string;
  readonly holder?: Holder;
}

export type Begun =
  | { readonly ok: true; readonly update: StoredUpdate }
  | { readonly ok: false; readonly holder: StoredUpdate };

/** An edit is written at once; its lease needs no longer. */
const EDIT_LEASE_MS = 60_000;

/** Takes the stack's lease. */
export async function beginEdit(parts: EditParts, stack: StoredStack, editor: Editor): Promise<Begun> {
  const { store, settler, clock } = parts;
  await settler.sweep(stack.id);
  const id = randomUUID();
  const at = clock.now();
  const { kind, who, holder } = editor;
  const update = { id, stackId: stack.id, kind, dryRun: false, who, createdAt: at };
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  const lease = { id, tokenHash: newToken("hfu").hash, at, expiresAt: at + EDIT_LEASE_MS };
  const started = await store.startUpdate({ ...lease, ...(holder && { holder }) });
  if (started.outcome === "started") return { ok: true, update: started.update };
  if (started.outcome === "busy") return { ok: false, holder: started.holder };
  throw new Error("an update was gone before it began");
}

/** Writes the edited state, and the stack's new name with it, in one transaction. Answers the state's version. */
export async function endEdit(
  { store, clock }: EditParts,
  update: StoredUpdate,
  edit: (deployment: Deployment) => Deployment,
  rename?: string,
): Promise<number> {
  const stored = await store.checkpoint(update.stackId);
  // A stack that never had a state has none after it either: that decides whether an apply is its first.
  const before = stored && fromText(stored.text);
  const deployment = before?.deployment && edit(before.deployment);
  // Whoever finds it between the two calls ends it without any change.
  await store.closeUpdate(update.id, "failed");
  return store.settleUpdate(update.id, {
    status: "succeeded",
    at: clock.now(),
    ...(deployment && {
      checkpoint: {
        text: toText({ ...before, deployment }),
        resources: deployment.resources?.length ?? 0,
      },
    }),
    ...(rename !== undefined && { rename }),
  });
}
