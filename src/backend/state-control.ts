/** The engine's side of the state service: straight over the store, no HTTP. */
import type { Clock } from "../engine/ports/clock.ts";
import type { StackName } from "../engine/ports/stack.ts";
import type {
  PendingOperation,
  RunStateOutcome,
  StateControl,
  StateResource,
} from "../engine/ports/state.ts";
import type { StateStore, StoredRun, StoredStack } from "../engine/ports/state-store.ts";
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import { createBegunSteps } from "./begun-steps.ts";
import { mapSecrets, openText } from "./deployment/secrets.ts";
import { withSecretsOpen } from "./deployment/hand-over.ts";
import { EMPTY_CHECKPOINT, fromText, withAddress } from "./deployment/stored.ts";
import type { Operation, Resource } from "./deployment/types.ts";
import { describeProcess } from "./http/peer.ts";
import {
  createStackKeys,
  LOST_KEY,
  RESTORE_KEY,
  type KeyWrapper,
  type StackCipher,
  type StackKeys,
} from "./keys.ts";
import { busyFailure, createLeaseControl } from "./lease-control.ts";
import { createSettler, type Settler } from "./settle.ts";
import { takeOverState } from "./take-over.ts";
import { newToken } from "./tokens.ts";

export interface StateControlOptions {
  readonly store: StateStore;
  readonly keys: KeyWrapper;
  /** Where the state service listens. */
  readonly url: string;
  readonly clock: Clock;
}

interface Parts extends StateControlOptions {
  readonly stackKeys: StackKeys;
  readonly settler: Settler;
}

const unreadable = (why: string, hint?: string): { ok: false; failure: Failure } =>
  fail({ kind: "stalled", reason: "state-unreadable", why, ...(hint && { hint }) });

const unknownStack = (name: StackName): { ok: false; failure: Failure } =>
  unreadable(`stack ${name} has no state here`, "`holdfast status` lists the stacks that have");

const OWN_KEY =
  "Runs need the stack's own key, in the project's folder: holdfast pulumi -- stack change-secrets-provider default";

/** The stack as it stands after everything that died has been replayed. */
async function current({ store, settler }: Parts, name: StackName): Promise<StoredStack | undefined> {
  const stack = await store.stack(name);
  if (!stack) return undefined;
  await settler.sweep(stack.id);
  return store.stackById(stack.id);
}

async function needed(parts: Parts, name: StackName): Promise<StoredStack> {
  const stack = await current(parts, name);
  if (!stack) throw new Error(`stack ${name} was not made (ensureStack)`);
  return stack;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Plain values where `cipher` is given; else a secret stays the object that the export holds. */
function shown(resource: Resource, cipher: StackCipher | undefined): StateResource | undefined {
  let closed = 0;
  // A value inside a secret may hold secrets of its own, which the engine does not encrypt once more.
  const open = (value: unknown, isInside = false): unknown =>
    mapSecrets(value, ({ ciphertext, plaintext }) => {
      const bare = isInside && ciphertext !== undefined && isJson(ciphertext) ? ciphertext : undefined;
      const text = plaintext ?? (cipher && ciphertext ? openText(cipher, ciphertext) : undefined) ?? bare;
      if (text === undefined) closed += 1;
      return text === undefined ? undefined : open(JSON.parse(text), true);
    });
  const properties = (given: Resource["inputs"]): Record<string, unknown> => ({
    ...((cipher ? open(given ?? {}) : given) as Record<string, unknown>),
  });
  const { urn, type, custom, id, parent, protect, external } = resource;
  const inputs = properties(resource.inputs);
  const outputs = properties(resource.outputs);
  if (closed > 0) return undefined;
  return {
    urn,
    type,
    custom,
    ...(id !== undefined && { id }),
    ...(parent !== undefined && { parent }),
    ...(protect && { protect }),
    ...(external && { external }),
    inputs,
    outputs,
  };
}

async function resources(
  parts: Parts,
  name: StackName,
  options: { readonly openSecrets?: boolean } = {},
): Promise<Result<readonly StateResource[]>> {
  const stack = await current(parts, name);
  if (!stack) return unknownStack(name);
  const cipher = options.openSecrets ? await parts.stackKeys.cipher(stack) : undefined;
  if (options.openSecrets && !cipher) return unreadable(`${name}: ${LOST_KEY}`, RESTORE_KEY);
  const { deployment } = fromText((await parts.store.checkpoint(stack.id))?.text);
  const all: StateResource[] = [];
  for (const resource of deployment?.resources ?? []) {
    const seen = shown(resource, cipher);
    if (!seen)
      return unreadable(
        `${name}: a secret of ${resource.urn} was encrypted by another secrets manager`,
        OWN_KEY,
      );
    all.push(seen);
  }
  return ok(all);
}

async function ensureStack(parts: Parts, name: StackName): Promise<Result<{ readonly version: number }>> {
  const { store, stackKeys, clock } = parts;
  const there = await current(parts, name);
  if (there && !(await stackKeys.cipher(there))) return unreadable(`${name}: ${LOST_KEY}`, RESTORE_KEY);
  if (there) return ok({ version: there.version });
  const [project = ""] = name.split("/");
  const key = await stackKeys.newKey();
  await store.createStack({ name, tags: { "pulumi:project": project }, key, at: clock.now() });
  return ok({ version: (await needed(parts, name)).version });
}

/** Ends the run's updates, then its token: in this order, so that a crash in between is found by `endAllBut`. */
async function endRun(parts: Parts, run: StoredRun): Promise<RunStateOutcome> {
  const { store, settler } = parts;
  for (const update of await store.openUpdates(run.stackId))
    if (update.runId === run.runId) await settler.end(update, update.closing?.status ?? "failed");
  const refusals = await store.refusals(run.runId);
  const stack = await store.stackById(run.stackId);
  const pending = stack ? (await pendingOperations(store, stack)).map(({ resource }) => resource.urn) : [];
  await store.endRun(run.runId);
  return { stateVersion: stack?.version ?? 0, refusals, pending };
}

/** A stack whose text names none is not parsed: this is asked after every run. */
async function pendingOperations(store: StateStore, stack: StoredStack): Promise<readonly Operation[]> {
  const text = (await store.checkpoint(stack.id))?.text;
  if (!text?.includes('"pending_operations"')) return [];
  return fromText(text).deployment?.pending_operations ?? [];
}

async function pending(parts: Parts, name: StackName): Promise<readonly PendingOperation[]> {
  const stack = await current(parts, name);
  const operations = stack ? await pendingOperations(parts.store, stack) : [];
  return operations.map(({ type, resource }) => ({
    urn: resource.urn,
    type: resource.type,
    operation: type,
  }));
}

async function removeStack(parts: Parts, name: StackName): Promise<Result<void>> {
  const stack = await current(parts, name);
  if (!stack) return unknownStack(name);
  const [holder] = await parts.store.openUpdates(stack.id);
  if (holder) return busyFailure(parts.store, name, holder);
  await parts.store.removeStack(stack.id);
  return ok(undefined);
}

async function exportState(
  parts: Parts,
  name: StackName,
  options: { readonly openSecrets?: boolean } = {},
): Promise<Result<unknown>> {
  const stack = await current(parts, name);
  if (!stack) return unknownStack(name);
  const stored = await parts.store.checkpoint(stack.id);
  const whole: unknown = stored ? JSON.parse(withAddress(stored.text, parts.url)) : EMPTY_CHECKPOINT;
  if (!options.openSecrets) return ok(whole);
  const cipher = await parts.stackKeys.cipher(stack);
  if (!cipher) return unreadable(`${name}: ${LOST_KEY}`, RESTORE_KEY);
  return ok(withSecretsOpen(whole, ciphertext => openText(cipher, ciphertext)));
}

type Runs = Pick<StateControl, "openRun" | "bind" | "endRun" | "endAllBut">;

const runsOf = (parts: Parts): Runs => ({
  openRun: async ({ runId, stack, about, organization }) => {
    if (organization) await parts.store.setOrganization(organization);
    const { token, hash } = newToken("hfr");
    const { id: stackId } = await needed(parts, stack);
    const holder = describeProcess(process.pid);
    await parts.store.openRun({ runId, stackId, tokenHash: hash, holder, ...(about && { about }) });
    return { url: parts.url, token, organization: (await parts.store.organization()).name };
  },
  bind: (runId, binding) => parts.store.bindRun(runId, binding),
  endRun: async runId => {
    const run = await parts.store.run(runId);
    return run ? endRun(parts, run) : { stateVersion: 0, refusals: [], pending: [] };
  },
  endAllBut: async runIds => {
    for (const run of await parts.store.runs()) if (!runIds.includes(run.runId)) await endRun(parts, run);
    await parts.settler.sweep();
  },
});

/** Also runs whose end could not be written when it came (a full disk): their tokens must not outlive them. */
async function endForgotten(parts: Parts, activeRuns: readonly string[]): Promise<void> {
  // Read before anything is waited for: a run that begins meanwhile is in neither list.
  const runs = parts.store.runs();
  for (const run of await runs) if (!activeRuns.includes(run.runId)) await endRun(parts, run);
}

export function createStateControl(options: StateControlOptions): StateControl {
  const stackKeys = createStackKeys(options.keys, options.store);
  const parts: Parts = { ...options, stackKeys, settler: createSettler({ ...options, stackKeys }) };
  const { store } = options;
  const begun = createBegunSteps(store, options.clock);
  const leaseControl = createLeaseControl({ ...parts, current: name => current(parts, name) });
  return {
    ...runsOf(parts),
    mayMutate: (runId, urn) => begun.isOpen(runId, urn),
    ensureStack: name => ensureStack(parts, name),
    stacks: async () =>
      (await store.stacks()).map(({ name, version, resources }) => ({ name, version, resources })),
    version: async name => (await current(parts, name))?.version ?? 0,
    resources: (name, how) => resources(parts, name, how),
    pending: name => pending(parts, name),
    encrypt: async (name, plaintexts) => {
      const cipher = await stackKeys.cipher(await needed(parts, name));
      if (!cipher) throw new Error(`${name}: ${LOST_KEY}`);
      return plaintexts.map(plaintext => cipher.encrypt(Buffer.from(plaintext)).toString("base64"));
    },
    decrypt: async (name, ciphertexts) => {
      const cipher = await stackKeys.cipher(await needed(parts, name));
      if (!cipher) throw new Error(`${name}: ${LOST_KEY}`);
      return ciphertexts.map(ciphertext => cipher.decrypt(Buffer.from(ciphertext, "base64"))?.toString());
    },
    exportState: (name, how) => exportState(parts, name, how),
    importState: (name, value, how) =>
      takeOverState(
        parts,
        {
          current: stack => current(parts, stack),
          ensure: stack => ensureStack(parts, stack),
          remove: stack => removeStack(parts, stack),
        },
        name,
        value,
        how,
      ),
    removeStack: name => removeStack(parts, name),
    ...leaseControl,
    endExpired: async activeRuns => {
      await endForgotten(parts, activeRuns);
      await leaseControl.endExpired(activeRuns);
    },
  };
}
