/** A deployment from outside becomes a stack's state: checked, and its secrets encrypted with the stack's key. */
import type { StoredStack } from "../engine/ports/state-store.ts";
import { integrityProblems } from "./deployment/integrity.ts";
import { renameDeployment } from "./deployment/rename.ts";
import { mapSecrets, openText, sealText } from "./deployment/secrets.ts";
import { toText } from "./deployment/stored.ts";
import {
  SECRET_SIGNATURE,
  SIGNATURE,
  isCheckpoint,
  isDeployment,
  isObject,
  type Deployment,
} from "./deployment/types.ts";
import { beginEdit, type EditParts, type Editor } from "./edit.ts";
import { formRefusal } from "./import-checks.ts";
import { LOST_KEY, RESTORE_KEY, type StackCipher, type StackKeys } from "./keys.ts";
import { busyText } from "./leases.ts";

export interface ImportParts extends EditParts {
  readonly stackKeys: StackKeys;
  readonly organization: string;
}

export interface Importer extends Omit<Editor, "kind"> {
  /**
   * Takes secrets that another manager than the service encrypted as they are (`pulumi stack change-secrets-provider
   * passphrase` sends such a deployment). Runs of holdfast cannot read them. Default: refused.
   */
  readonly keepForeign?: boolean;
  /** `project/stack` whose name the deployment's resources have; they get this stack's. Default: they have it. */
  readonly renameFrom?: string;
}

export type Imported =
  | { readonly ok: true; readonly version: number; readonly updateId: string }
  | { readonly ok: false; readonly why: string; readonly hint?: string; readonly busy?: boolean };

const SHOWN_PROBLEMS = 5;
const REEXPORT = "Export it with `pulumi stack export --show-secrets` where it was, and import that file";

function resealed(
  deployment: Deployment,
  cipher: StackCipher,
): { readonly value: unknown; readonly foreign: number; readonly own: number } {
  let foreign = 0;
  let own = 0;
  const value = mapSecrets(deployment, ({ ciphertext, plaintext }) => {
    const text = plaintext ?? (ciphertext === undefined ? undefined : openText(cipher, ciphertext));
    if (text === undefined) foreign += 1;
    else own += 1;
    const kept =
      plaintext === undefined && text !== undefined ? ciphertext : sealText(cipher, text ?? "null");
    return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: kept };
  });
  return { value, foreign, own };
}

/** The deployment as this stack keeps it, or why not. */
function prepared(
  parts: ImportParts,
  stack: StoredStack,
  value: unknown,
  cipher: StackCipher,
  { keepForeign = false, renameFrom }: Importer,
): Deployment | Imported {
  const refusal = formRefusal(value);
  if (refusal) return { ok: false, ...refusal };
  const deployment = isCheckpoint(value) ? value.deployment : undefined;
  if (!deployment)
    return {
      ok: false,
      why: "This is no deployment: a file of `pulumi stack export` holds `version` and `deployment`.",
    };
  const problems = integrityProblems(deployment);
  if (problems.length > 0)
    return {
      ok: false,
      why: `The deployment is not whole: ${problems.slice(0, SHOWN_PROBLEMS).join("; ")}.`,
    };
  const { value: sealed, foreign, own } = resealed(deployment, cipher);
  const type = deployment.secrets_providers?.type ?? "unknown";
  if (foreign > 0 && keepForeign && own === 0 && type !== "service") return deployment;
  if (foreign > 0) {
    return {
      ok: false,
      why: `${foreign} secrets in it were encrypted elsewhere (secrets manager "${type}") and can't be read here.`,
      hint: REEXPORT,
    };
  }
  const [project, name] = stack.name.split("/");
  const state = { owner: parts.organization, project, stack: name };
  const next = {
    ...(isObject(sealed) && sealed),
    secrets_providers: { type: "service", state: { url: "", ...state } },
  };
  if (!isDeployment(next)) return { ok: false, why: "The deployment's resources are not readable." };
  return renameFrom === undefined
    ? next
    : renameDeployment(next, { from: renameFrom, to: stack.name, cipher });
}

export async function importDeployment(
  parts: ImportParts,
  stack: StoredStack,
  value: unknown,
  importer: Importer,
): Promise<Imported> {
  const { store, stackKeys, settler } = parts;
  const cipher = await stackKeys.cipher(stack);
  if (!cipher)
    return {
      ok: false,
      why: `The secrets of ${stack.name} stay closed: ${LOST_KEY}.`,
      hint: RESTORE_KEY,
    };
  const { keepForeign: _, renameFrom: __, ...editor } = importer;
  const deployment = prepared(parts, stack, value, cipher, importer);
  if ("ok" in deployment) return deployment;
  const begun = await beginEdit(parts, stack, { ...editor, kind: "import" });
  if (!begun.ok) return { ok: false, busy: true, why: await busyText(store, stack.name, begun.holder) };
  const features = isCheckpoint(value) ? value.features : undefined;
  const version = isCheckpoint(value) ? value.version : 3;
  const { id } = begun.update;
  await store.putCheckpoint(id, toText({ version, ...(features && { features }), deployment }));
  const settled = await settler.end(begun.update, "succeeded");
  return { ok: true, version: settled.version, updateId: id };
}
