/**
 * At the start of a data folder: can its keys be opened, who are they wrapped for, is anything left of the time before
 * age? New keys are never made over old state: where a key is missing, nothing is changed and its recipient is named.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { OwnIdentities, Sealer } from "../engine/ports/sealer.ts";
import type { StateStore, StoredKey } from "../engine/ports/state-store.ts";
import { keyMissing, keysAre } from "./key-missing.ts";
import { wrapFor } from "./keys.ts";
import { KEY_BYTES, unseal } from "./sealing.ts";

export interface KeyStartParts {
  readonly store: StateStore;
  readonly sealer: Sealer;
  /** Recipients that the settings name beside the keys that are found here. */
  readonly further: readonly string[];
  /** Where an older holdfast kept its master key. */
  readonly legacyFile: string;
  /** Makes an age key of the data folder's own, for who has none. */
  readonly makeIdentity: () => Promise<{ readonly file: string; readonly recipient: string }>;
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
const meets = (some: readonly string[], others: readonly string[]): boolean =>
  some.some(one => others.includes(one));

/** Checked by sealing something: a settings file may name anything. */
async function checked(sealer: Sealer, recipients: readonly string[]): Promise<Result<readonly string[]>> {
  const sealed = await sealer.seal(recipients, new Uint8Array(1));
  return sealed.ok ? ok(recipients) : sealed;
}

interface Recipients {
  readonly recipients: readonly string[];
  readonly notes: readonly string[];
}

/** Who new keys are wrapped for: what the folder remembers; at its first start all keys that are found here. */
async function chooseRecipients(
  { store, sealer, further, makeIdentity }: KeyStartParts,
  own: OwnIdentities,
  keys: readonly StoredKey[],
): Promise<Result<Recipients>> {
  const remembered = await store.keyRecipients();
  const usable = meets(remembered, own.recipients);
  // Where there is any key, others rely on the list: it is not made anew.
  if (!usable && remembered.length > 0 && keys.length > 0)
    return fail(keyMissing(own, remembered, keys.length));
  let known = usable ? remembered : own.recipients;
  const notes: string[] = [];
  if (known.length === 0) {
    const made = await makeIdentity();
    known = [made.recipient];
    notes.push(
      `no age key was found, so this data folder has one of its own now: ${made.file}. Whoever has it and the database can read every secret; without it nobody can: keep a copy elsewhere`,
    );
  }
  const recipients = await checked(sealer, unique([...known, ...further]));
  return recipients.ok ? ok({ recipients: recipients.value, notes }) : recipients;
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const legacyMissing = (why: string): Result<never> =>
  fail({
    kind: "stalled",
    reason: "key-missing",
    why,
    hint: "restore state.key from the backup that belongs to this database; nothing was changed",
  });

interface Opened {
  readonly position: number;
  readonly key: Uint8Array;
}

/** Keys of the time before age, opened with state.key. */
function openLegacy(file: string, keys: readonly StoredKey[]): Result<{ opened: Opened[]; hash: string }> {
  if (!existsSync(file))
    return legacyMissing(`${file} is not there, and ${keysAre(keys.length)} wrapped by it`);
  const master = readFileSync(file);
  if (master.length !== KEY_BYTES) return legacyMissing(`${file} is no key of ${KEY_BYTES} bytes`);
  const opened: Opened[] = [];
  for (const { position, wrapped, stack } of keys) {
    const key = unseal(master, wrapped);
    if (!key) return legacyMissing(`${file} is not the one that wrapped the data key of ${stack}`);
    opened.push({ position, key });
  }
  return ok({ opened, hash: hashOf(master) });
}

/** In one transaction, so that a crash leaves all or nothing; state.key goes only when this is on disk. */
async function migrate(
  { store, sealer, legacyFile }: KeyStartParts,
  recipients: readonly string[],
  keys: readonly StoredKey[],
): Promise<Result<readonly string[]>> {
  const legacy = openLegacy(legacyFile, keys);
  if (!legacy.ok) return legacy;
  const rewrapped = [];
  for (const { position, key } of legacy.value.opened)
    rewrapped.push({ position, ...(await wrapFor(sealer, recipients, key)) });
  await store.changeKeys({ rewrapped, added: [], recipients, migratedFrom: legacy.value.hash });
  return ok([
    `the data keys are encrypted for ${recipients.join(", ")} from now on; state.key, which opened them before, is not needed any more and is removed`,
  ]);
}

/** Only the very file that was migrated from: another one may belong to a database that is yet to be restored. */
async function removeLegacy({ store, legacyFile }: KeyStartParts): Promise<void> {
  const migrated = await store.migratedKey();
  if (migrated === undefined || !existsSync(legacyFile)) return;
  if (hashOf(readFileSync(legacyFile)) === migrated) rmSync(legacyFile);
}

/** Recipients that the settings name now get what is wrapped already; nobody is taken away. */
async function addRecipients(
  { store, sealer, further }: KeyStartParts,
  keys: readonly StoredKey[],
): Promise<readonly string[]> {
  const lacking = keys.filter(({ recipients = [] }) => further.some(one => !recipients.includes(one)));
  const rewrapped = [];
  for (const { position, wrapped, recipients = [] } of lacking) {
    const key = await sealer.open(wrapped);
    // A damaged one stays as it is, and says so where it is needed.
    if (key)
      rewrapped.push({ position, ...(await wrapFor(sealer, unique([...recipients, ...further]), key)) });
  }
  if (rewrapped.length === 0) return [];
  await store.changeKeys({ rewrapped, added: [] });
  return [`${keysAre(rewrapped.length)} encrypted for ${further.join(", ")} too from now on (keyRecipients)`];
}

async function remember(store: StateStore, recipients: readonly string[]): Promise<void> {
  const known = await store.keyRecipients();
  if (JSON.stringify(known) === JSON.stringify(recipients)) return;
  await store.changeKeys({ rewrapped: [], added: [], recipients });
}

/** Answers what a person should hear. Failures: key-missing; config-invalid, where a recipient of the settings is none. */
export async function startKeys(parts: KeyStartParts): Promise<Result<readonly string[]>> {
  const { store, sealer } = parts;
  const keys = await store.allKeys();
  const own = await sealer.own();
  const [wrapped, legacy] = [keys.filter(key => key.recipients), keys.filter(key => !key.recipients)];
  const lost = wrapped.filter(({ recipients = [] }) => !meets(recipients, own.recipients));
  if (lost.length > 0)
    return fail(keyMissing(own, unique(lost.flatMap(({ recipients = [] }) => recipients)), lost.length));
  const chosen = await chooseRecipients(parts, own, wrapped);
  if (!chosen.ok) return chosen;
  const { recipients, notes } = chosen.value;
  const migrated = legacy.length > 0 ? await migrate(parts, recipients, legacy) : ok([]);
  if (!migrated.ok) return migrated;
  if (legacy.length === 0) await remember(store, recipients);
  await removeLegacy(parts);
  return ok([...notes, ...migrated.value, ...(await addRecipients(parts, wrapped))]);
}
