/** The data key of a file: 32 random bytes, wrapped once for each age recipient. */
import { randomBytes } from "node:crypto";
import { armor, Decrypter, Encrypter } from "age-encryption";
import type { Identities } from "./identities.ts";
import type { FileMetadata, WrappedKey } from "./metadata.ts";
import { fault, good, type Outcome } from "./outcome.ts";

const DATA_KEY_BYTES = 32;
/** A wrapped key is below 4 KiB even for a post-quantum recipient. */
const MAX_WRAPPED = 16 * 1024;

/** Opens one wrapped key; undefined where these identities are not its recipients or it is damaged. */
async function unwrap(enc: string, identities: readonly string[]): Promise<Buffer | undefined> {
  if (enc.length > MAX_WRAPPED) return undefined;
  const decrypter = new Decrypter();
  identities.forEach(identity => decrypter.addIdentity(identity));
  try {
    const key = await decrypter.decrypt(armor.decode(enc));
    return key.length === DATA_KEY_BYTES ? Buffer.from(key) : undefined;
  } catch {
    // The library throws for "not for you" and for "damaged" alike; which it is, the recipients tell (`noWayIn`).
    return undefined;
  }
}

const names = (recipients: readonly string[]): string =>
  recipients.map(name => name || "(no name)").join(", ");

function noWayIn(metadata: FileMetadata, identities: Identities): Outcome<never> {
  const recipients = metadata.age.map(key => key.recipient);
  if (identities.keys.length === 0) return noKey(identities);
  const ours = identities.keys.map(key => key.recipient);
  if (recipients.some(recipient => ours.includes(recipient)))
    return fault(
      "its wrapped key for us is damaged: it was tampered with or cut",
      "take the file from an earlier commit",
    );
  return fault(
    `it is encrypted for ${names(recipients)}, and the key we have is ${names(ours)}`,
    "use a key of one of these recipients, or have one of them add ours to .sops.yaml and run `holdfast secrets rotate FILE`",
  );
}

export function noKey(identities: Identities): Outcome<never> {
  const problems = identities.problems.length > 0 ? ` (${identities.problems.join("; ")})` : "";
  return fault(
    `no age key was found; looked in ${identities.looked.join(", ")}${problems}`,
    "set SOPS_AGE_KEY_FILE to your key file, or make a key with `holdfast secrets key`",
  );
}

export async function openDataKey(metadata: FileMetadata, identities: Identities): Promise<Outcome<Buffer>> {
  if (metadata.age.length === 0)
    return fault(
      metadata.others.length > 0
        ? `it is encrypted with ${metadata.others.join(", ")} and has no age recipient`
        : "it names no recipient",
      "encrypt it for an age recipient",
    );
  const secrets = identities.keys.map(key => key.secret);
  if (secrets.length === 0) return noKey(identities);
  const ours = new Set(identities.keys.map(key => key.recipient));
  const likelyFirst = metadata.age.toSorted(
    (a, b) => Number(ours.has(b.recipient)) - Number(ours.has(a.recipient)),
  );
  for (const { enc } of likelyFirst) {
    const key = await unwrap(enc, secrets);
    if (key) return good(key);
  }
  return noWayIn(metadata, identities);
}

export const newDataKey = (): Buffer => randomBytes(DATA_KEY_BYTES);

async function wrap(key: Buffer, recipient: string): Promise<Outcome<WrappedKey>> {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
  } catch {
    // The library throws for every text that is not a recipient.
    return fault(
      `${recipient.slice(0, 80)} is not an age recipient that holdfast can encrypt for`,
      "a recipient begins with age1; `holdfast secrets key` prints yours",
    );
  }
  return good({ recipient, enc: `${armor.encode(await encrypter.encrypt(key)).trimEnd()}\n` });
}

export async function wrapDataKey(
  key: Buffer,
  recipients: readonly string[],
): Promise<Outcome<WrappedKey[]>> {
  const wrapped: WrappedKey[] = [];
  for (const recipient of new Set(recipients)) {
    if (recipient.startsWith("AGE-SECRET-KEY"))
      return fault(
        "a secret key stands where a recipient (age1…) belongs",
        "replace it by its public key, and make a new key",
      );
    const one = await wrap(key, recipient);
    if (!one.ok) return one;
    wrapped.push(one.value);
  }
  return wrapped.length > 0 ? good(wrapped) : fault("no recipient was named");
}
