/** The `secure:` values that a stack file already has: under which key they are, and what they hold. */
import { readFile } from "node:fs/promises";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { Redactor, SecretTree } from "../engine/ports/secrets.ts";
import { ciphertextsOf, PASSPHRASE_KEY } from "./merge-config.ts";
import type { Opened } from "./passphrase.ts";
import { configInvalid, type StackFile } from "./stack-file.ts";

export interface PassphraseSource {
  /** PULUMI_CONFIG_PASSPHRASE of the daemon. */
  readonly passphrase?: string | undefined;
  /** PULUMI_CONFIG_PASSPHRASE_FILE of the daemon. */
  readonly passphraseFile?: string | undefined;
}

export type PassphraseOpener = (passphrase: string, encryptionSalt: string) => Promise<Opened>;

const WAYS =
  `put the passphrase into one of the stack's secrets files under "${PASSPHRASE_KEY}", ` +
  "or set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) for the daemon";

async function passphraseFrom(source: PassphraseSource, secrets: SecretTree): Promise<string | undefined> {
  const secret = secrets[PASSPHRASE_KEY];
  if (typeof secret === "string") return secret;
  if (source.passphrase !== undefined) return source.passphrase;
  if (source.passphraseFile === undefined) return undefined;
  // One line break at the end is the editor's, not the passphrase's: Pulumi trims white space, too.
  return readFile(source.passphraseFile, "utf8").then(
    text => text.trim(),
    () => undefined,
  );
}

const place = (found: StackFile) => {
  const first = found.entries.find(({ value }) => ciphertextsOf(value).length > 0);
  return first?.place ?? { file: found.file };
};

/** A key that we can't have: what it is, and the way out. */
function outOfReach(found: StackFile): Result<never> | undefined {
  const provider = found.secretsProvider;
  const hint =
    "move the values into a file under secrets/ (`holdfast secrets edit`), or re-encrypt them with " +
    "`pulumi stack change-secrets-provider passphrase`";
  if (provider && provider !== "passphrase" && provider !== "default") {
    const [scheme] = provider.split("://");
    const message = `has values that are encrypted with the ${scheme} key of \`secretsprovider\`, which holdfast cannot use`;
    return configInvalid({ message, place: place(found), hint });
  }
  if (found.encryptionSalt !== undefined) return undefined;
  const message =
    "has `secure` values without `encryptionsalt`: they are under a key of Pulumi Cloud or of another state service, " +
    "not under this stack's own";
  return configInvalid({ message, place: place(found), hint });
}

export interface SecureKeys {
  readonly passphrase: PassphraseSource;
  readonly opener: PassphraseOpener;
  /** The stack's own key, which `config set --secret` uses on our state service. */
  readonly ownKey?: (ciphertexts: readonly string[]) => Promise<readonly (string | undefined)[]>;
  readonly redactor: Pick<Redactor, "add">;
}

/** All of them with the stack's own key, or undefined: a file is under one key. */
async function withOwnKey(
  ciphertexts: readonly string[],
  { ownKey, redactor }: SecureKeys,
): Promise<ReadonlyMap<string, string> | undefined> {
  const texts = (await ownKey?.(ciphertexts)) ?? [];
  const plaintexts = new Map<string, string>();
  for (const [index, ciphertext] of ciphertexts.entries()) {
    const text = texts[index];
    if (text === undefined) return undefined;
    redactor.add(text);
    plaintexts.set(ciphertext, text);
  }
  return plaintexts;
}

/** Ciphertext → plaintext, for all of the file. Failures: config-invalid, secret-unreadable. */
export async function openSecureValues(
  found: StackFile,
  secrets: SecretTree,
  keys: SecureKeys,
): Promise<Result<ReadonlyMap<string, string>>> {
  const ciphertexts = [...new Set(found.entries.flatMap(({ value }) => ciphertextsOf(value)))];
  if (ciphertexts.length === 0) return ok(new Map());
  const underOwnKey = found.secretsProvider === undefined && found.encryptionSalt === undefined;
  const own = underOwnKey ? await withOwnKey(ciphertexts, keys) : undefined;
  if (own) return ok(own);
  const closed = outOfReach(found);
  if (closed) return closed;
  const unreadable = (why: string, hint?: string): Result<never> =>
    fail({ kind: "stalled", reason: "secret-unreadable", file: found.file, why, ...(hint && { hint }) });
  const passphrase = await passphraseFrom(keys.passphrase, secrets);
  if (passphrase === undefined)
    return unreadable("its `secure` values are under a passphrase that is not known", WAYS);
  const opened = await keys.opener(passphrase, found.encryptionSalt ?? "");
  if (!opened.ok) return unreadable(opened.why, WAYS);
  const plaintexts = new Map<string, string>();
  for (const ciphertext of ciphertexts) {
    const text = opened.open(ciphertext);
    if (text === undefined) return unreadable("a `secure` value was changed, or is under another passphrase");
    keys.redactor.add(text);
    plaintexts.set(ciphertext, text);
  }
  return ok(plaintexts);
}
