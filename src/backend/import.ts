/** A deployment from outside becomes a stack's state: checked, and its secrets encrypted with the stack's key. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../engine/ports/clock.ts";
import type { StateStore, StoredStack } from "../engine/ports/state-store.ts";
import { integrityProblems } from "./deployment/integrity.ts";
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
import type { StackCipher, StackKeys } from "./keys.ts";
import { newToken } from "./tokens.ts";
import type { Settler } from "./settle.ts";

export interface ImportParts {
  readonly store: StateStore;
  readonly stackKeys: StackKeys;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly organization: string;
}

export type Imported =
  | { readonly ok: true; readonly version: number; readonly updateId: string }
  | { readonly ok: false; readonly why: string; readonly hint?: string; readonly busy?: boolean };

/** An import is written at once; its lease needs no longer. */
const IMPORT_LEASE_MS = 60_000;
const SHOWN_PROBLEMS = 5;
const REEXPORT = "Export it with `pulumi stack export --show-secrets` where it was, and import that file";

function resealed(
  deployment: Deployment,
  cipher: StackCipher,
): { readonly value: unknown; readonly foreign: number } {
  let foreign = 0;
  const value = mapSecrets(deployment, ({ ciphertext, plaintext }) => {
    const text = plaintext ?? (ciphertext === undefined ? undefined : openText(cipher, ciphertext));
    if (text === undefined) foreign += 1;
    const kept =
      plaintext === undefined && text !== undefined ? ciphertext : sealText(cipher, text ?? "null");
    return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: kept };
  });
  return { value, foreign };
}

/** The deployment as this stack keeps it, or why not. */
function prepared(
  parts: ImportParts,
  stack: StoredStack,
  value: unknown,
  cipher: StackCipher,
): Deployment | Imported {
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
  const { value: sealed, foreign } = resealed(deployment, cipher);
  if (foreign > 0) {
    const type = deployment.secrets_providers?.type ?? "unknown";
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
  return isDeployment(next) ? next : { ok: false, why: "The deployment's resources are not readable." };
}

export async function importDeployment(
  parts: ImportParts,
  stack: StoredStack,
  value: unknown,
  who: string,
): Promise<Imported> {
  const { store, stackKeys, settler, clock } = parts;
  const cipher = await stackKeys.cipher(stack);
  if (!cipher)
    return {
      ok: false,
      why: `The key of ${stack.name} can't be unwrapped: state.key is not the one it was made with.`,
    };
  const deployment = prepared(parts, stack, value, cipher);
  if ("ok" in deployment) return deployment;
  await settler.sweep(stack.id);
  const id = randomUUID();
  const at = clock.now();
  const update = { id, stackId: stack.id, kind: "import", dryRun: false, who, createdAt: at };
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  const lease = { id, tokenHash: newToken("hfu").hash, at, expiresAt: at + IMPORT_LEASE_MS };
  const started = await store.startUpdate(lease);
  if (started.outcome !== "started")
    return { ok: false, busy: true, why: `${stack.name} is being updated; import when that has ended.` };
  const features = isCheckpoint(value) ? value.features : undefined;
  const version = isCheckpoint(value) ? value.version : 3;
  await store.putCheckpoint(id, toText({ version, ...(features && { features }), deployment }));
  const settled = await settler.end(started.update, "succeeded");
  return { ok: true, version: settled.version, updateId: id };
}
