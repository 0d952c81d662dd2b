/** Rotation of the keys: new data keys, and all of them wrapped anew. One at a time; runs go on meanwhile. */
import type { Clock } from "../engine/ports/clock.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { KeyRing, KeyRotation, RotateKeys } from "../engine/ports/keys.ts";
import type { OwnIdentities, Sealer } from "../engine/ports/sealer.ts";
import type { StateStore, StoredKey, WrappedKey } from "../engine/ports/state-store.ts";
import { keyMissing } from "./key-missing.ts";
import { newDataKey, wrapFor, type StackKeys } from "./keys.ts";
import { resealStored } from "./reseal.ts";

export interface KeyRingParts {
  readonly store: StateStore;
  readonly sealer: Sealer;
  readonly stackKeys: StackKeys;
  readonly clock: Clock;
  /** Recipients that the settings name. */
  readonly further: readonly string[];
}

export interface OpenKeyRing extends KeyRing {
  /** Goes on where a rotation was cut off. */
  resume(): Promise<void>;
  /** Lets go of the database after the stack that is being worked on. */
  close(): Promise<void>;
}

type Told = (text: string) => void;

/** A line of progress for each so many keys or stacks. */
const TOLD_EVERY = 100;

const sameSet = (some: readonly string[] = [], others: readonly string[]): boolean =>
  some.length === others.length && others.every(one => some.includes(one));

function nobodyHere(own: OwnIdentities): Result<never> {
  const message =
    "none of these recipients is an age key that holdfast finds here: nobody here could open the state any more";
  const hint = `put the secret key of one of them where holdfast looks first (${own.looked.join(", ")}), or name a recipient that is here as well`;
  return fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });
}

/** Sealed, and opened again for certain. */
async function wrapChecked(
  sealer: Sealer,
  recipients: readonly string[],
  key: Uint8Array,
): Promise<WrappedKey> {
  const wrapped = await wrapFor(sealer, recipients, key);
  const opened = await sealer.open(wrapped.wrapped);
  if (!opened || Buffer.compare(opened, key) !== 0)
    throw new Error("a data key that was just wrapped does not open; nothing was changed");
  return wrapped;
}

async function rewrap(
  sealer: Sealer,
  recipients: readonly string[],
  keys: readonly StoredKey[],
  told: Told,
): Promise<Result<({ readonly position: number } & WrappedKey)[]>> {
  const rewrapped = [];
  for (const { position, wrapped, stack } of keys) {
    const key = await sealer.open(wrapped);
    if (!key) {
      const why = `a data key of ${stack} does not open, so it cannot be wrapped anew; nothing was changed`;
      const hint = "it was damaged: bring the data folder back from a backup";
      return fail({ kind: "stalled", reason: "key-missing", why, hint });
    }
    rewrapped.push({ position, ...(await wrapChecked(sealer, recipients, key)) });
    if (rewrapped.length % TOLD_EVERY === 0) told(`wrapped ${rewrapped.length} of ${keys.length} keys`);
  }
  return ok(rewrapped);
}

async function recipientsFor(
  { store, sealer, further }: KeyRingParts,
  to: readonly string[],
): Promise<Result<readonly string[]>> {
  const wanted = [...new Set([...(to.length > 0 ? to : await store.keyRecipients()), ...further])];
  const tried = await sealer.seal(wanted, new Uint8Array(1));
  if (!tried.ok) return tried;
  const own = await sealer.own();
  if (wanted.some(one => own.recipients.includes(one))) return ok(wanted);
  return to.length > 0 ? nobodyHere(own) : fail(keyMissing(own, wanted, (await store.allKeys()).length));
}

/** What was made by the state service while we wrapped, for the recipients of before. */
async function wrapStragglers(
  { store, sealer }: KeyRingParts,
  recipients: readonly string[],
  told: Told,
): Promise<Result<void>> {
  const others = (await store.allKeys()).filter(key => !sameSet(key.recipients, recipients));
  if (others.length === 0) return ok(undefined);
  const rewrapped = await rewrap(sealer, recipients, others, told);
  if (!rewrapped.ok) return rewrapped;
  await store.changeKeys({ rewrapped: rewrapped.value, added: [] });
  return ok(undefined);
}

async function rotate(
  parts: KeyRingParts,
  request: RotateKeys,
  told: Told,
  signal: AbortSignal,
): Promise<Result<KeyRotation>> {
  const { store, sealer, clock } = parts;
  const recipients = await recipientsFor(parts, request.to);
  if (!recipients.ok) return recipients;
  const rewrapped = await rewrap(sealer, recipients.value, await store.allKeys(), told);
  if (!rewrapped.ok) return rewrapped;
  const added = [];
  for (const { id: stackId } of request.wrapOnly ? [] : await store.stacks()) {
    const { id, key } = newDataKey();
    added.push({ stackId, id, at: clock.now(), ...(await wrapChecked(sealer, recipients.value, key)) });
  }
  // One transaction: killed before or after it, every key opens.
  await store.changeKeys({ rewrapped: rewrapped.value, added, recipients: recipients.value });
  const rest = await wrapStragglers(parts, recipients.value, told);
  if (!rest.ok) return rest;
  told(`${rewrapped.value.length + added.length} keys are wrapped; stored secrets are encrypted anew`);
  const values = await resealStored(parts, every(told), signal);
  const wrapped = rewrapped.value.length;
  return ok({ recipients: recipients.value, wrapped, stacks: added.length, values });
}

const every =
  (told: Told) =>
  (done: number, all: number): void => {
    if (done % TOLD_EVERY === 0) told(`encrypted the secrets of ${done} of ${all} stacks anew`);
  };

export function createKeyRing(parts: KeyRingParts): OpenKeyRing {
  const ending = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    // Who asked hears how it ended; the next one only waits for its end.
    last = next.catch(() => undefined);
    return next;
  };
  return {
    rotate: (request, told) => inTurn(() => rotate(parts, request, told, ending.signal)),
    resume: () => inTurn(async () => void (await resealStored(parts, () => undefined, ending.signal))),
    close: async () => {
      ending.abort();
      await last;
    },
  };
}
