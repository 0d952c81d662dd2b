/** The engine's way to age for its own things: data keys and backups. */
import { Decrypter, Encrypter } from "age-encryption";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { Sealer } from "../engine/ports/sealer.ts";
import type { Identities, IdentitySource } from "./identities.ts";

const SECRET_PREFIX = "AGE-SECRET-KEY";
/** A recipient is 62 characters, a post-quantum one some 2,000; of a wrong text only so much is shown. */
const SHOWN = 80;

function problemOf(recipient: string): Problem {
  // The text itself is not shown: it is a secret.
  if (recipient.toUpperCase().includes(SECRET_PREFIX))
    return {
      message: "a secret key stands where a recipient (age1…) belongs",
      hint: "give its public key; this secret key has been seen by now, so make a new one",
    };
  return {
    message: `${recipient.slice(0, SHOWN)} is not an age recipient that holdfast can encrypt for`,
    hint: "a recipient begins with age1; `holdfast secrets key` makes a key and prints its recipient",
  };
}

const invalid = (problems: readonly Problem[]): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

function encrypterFor(recipients: readonly string[]): Result<Encrypter> {
  const encrypter = new Encrypter();
  const problems: Problem[] = [];
  for (const recipient of new Set(recipients)) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // The library throws for every text that is no recipient.
      problems.push(problemOf(recipient));
    }
  }
  if (recipients.length === 0) problems.push({ message: "there is no recipient to encrypt for" });
  return problems.length > 0 ? invalid(problems) : ok(encrypter);
}

function decrypterWith({ keys }: Identities): Decrypter {
  const decrypter = new Decrypter();
  keys.forEach(({ secret }) => decrypter.addIdentity(secret));
  return decrypter;
}

/** The library throws for "not for you" and for "damaged" alike. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

export function createSealer(identities: IdentitySource): Sealer {
  /** With the keys known already, and once more with keys read anew: one may have been put there since. */
  async function open(sealed: Uint8Array): Promise<Uint8Array | undefined> {
    const opened = async (known: Identities): Promise<Uint8Array | undefined> =>
      attempt(() => decrypterWith(known).decrypt(sealed));
    return (await opened(await identities.load())) ?? opened(await identities.reload());
  }
  return {
    async seal(recipients, plaintext) {
      const encrypter = encrypterFor(recipients);
      return encrypter.ok ? ok(await encrypter.value.encrypt(plaintext)) : encrypter;
    },
    async sealStream(recipients, plaintext) {
      const encrypter = encrypterFor(recipients);
      return encrypter.ok ? ok(await encrypter.value.encrypt(plaintext)) : encrypter;
    },
    open,
    async openStream(sealed) {
      // A stream can be read once only, so the keys are read anew beforehand.
      const known = await identities.reload();
      const opened: ReadableStream<Uint8Array> | undefined = await attempt(() =>
        decrypterWith(known).decrypt(sealed),
      );
      return opened;
    },
    async own() {
      const { keys, looked, problems } = await identities.reload();
      return { recipients: [...new Set(keys.map(({ recipient }) => recipient))], looked, problems };
    },
  };
}
