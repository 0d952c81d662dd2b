/** A deployment between two secrets managers. Pure. */
import { ciphertextsOf, mapSecrets } from "./secrets.ts";
import { SECRET_SIGNATURE, SIGNATURE, isCheckpoint, isObject, type SecretsProvider } from "./types.ts";

/** The salt of a deployment whose secrets are under a passphrase and not in the clear; undefined: it is none of those. */
export function passphraseSalt(value: unknown): string | undefined {
  const manager = isCheckpoint(value) ? value.deployment?.secrets_providers : undefined;
  if (manager?.type !== "passphrase" || !isObject(manager.state)) return undefined;
  const { salt } = manager.state;
  return typeof salt === "string" && ciphertextsOf(value).size > 0 ? salt : undefined;
}

/** Every secret in the clear, also those inside another's value; one that cannot be opened stays closed. */
export function withSecretsOpen(value: unknown, open: (ciphertext: string) => string | undefined): unknown {
  return mapSecrets(value, ({ ciphertext, plaintext }) => {
    const text = plaintext ?? (ciphertext === undefined ? undefined : open(ciphertext));
    if (text === undefined) return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext };
    const inner = text.includes(SIGNATURE) ? JSON.stringify(withSecretsOpen(JSON.parse(text), open)) : text;
    return { [SIGNATURE]: SECRET_SIGNATURE, plaintext: inner };
  });
}

/** Every secret, which is in the clear, encrypted for another manager. Undefined where it is no deployment, or a secret of it is not in the clear. */
export function sealedFor(
  value: unknown,
  manager: SecretsProvider,
  seal: (plaintext: string) => string,
): unknown {
  if (!isCheckpoint(value) || !value.deployment) return undefined;
  let closed = 0;
  const sealed = mapSecrets(value.deployment, ({ plaintext }) => {
    if (plaintext === undefined) closed += 1;
    return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: seal(plaintext ?? "null") };
  });
  if (closed > 0 || !isObject(sealed)) return undefined;
  return { ...value, deployment: { ...sealed, secrets_providers: manager } };
}
