/** Did an update change anything that a plan could depend on? Order and source positions don't count. */
import type { StackCipher } from "../keys.ts";
import { mapSecrets, openText } from "./secrets.ts";
import type { Deployment, Resource } from "./types.ts";

/** The engine writes these anew whenever the program's text moved. */
const POSITIONS = new Set(["sourcePosition", "stackTrace"]);

function essence(resource: Resource, cipher: StackCipher | undefined): string {
  const fields = Object.entries(resource).filter(([field]) => !POSITIONS.has(field));
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  // Each encryption of one value differs, so values are compared.
  const opened = mapSecrets(fields, ({ ciphertext, plaintext }) => ({
    secret: plaintext ?? (ciphertext && cipher ? openText(cipher, ciphertext) : undefined) ?? ciphertext,
  }));
  return JSON.stringify(opened);
}

function fingerprint(deployment: Deployment | undefined, cipher: StackCipher | undefined): string {
  const resources = (deployment?.resources ?? []).map(resource => essence(resource, cipher)).sort();
  const operations = (deployment?.pending_operations ?? [])
    .map(({ type, resource }) => type + essence(resource, cipher))
    .sort();
  return JSON.stringify([resources, operations, deployment?.snippets ?? [], deployment?.extensions ?? {}]);
}

export const hasMoved = (
  before: Deployment | undefined,
  after: Deployment,
  cipher: StackCipher | undefined,
): boolean => fingerprint(before, cipher) !== fingerprint(after, cipher);
