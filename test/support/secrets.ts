/** Secrets in temporary folders, with keys of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { generateIdentity, identityToRecipient } from "age-encryption";
import type { Result } from "../../src/engine/failure.ts";
import type { SecretTree } from "../../src/engine/ports/secrets.ts";
import { createIdentitySource, type IdentitySource } from "../../src/secrets/identities.ts";
import { createSecretReader } from "../../src/secrets/reader.ts";

export const fixtures = path.resolve(import.meta.dirname, "../fixtures/secrets");
export const fixtureKeyFile = path.join(fixtures, "age-key.txt");

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-secrets-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const identitiesFrom = (env: Readonly<Record<string, string>>): IdentitySource =>
  createIdentitySource({ env, home: "/nonexistent", platform: "linux" });

export const fixtureIdentities = (): IdentitySource => identitiesFrom({ SOPS_AGE_KEY_FILE: fixtureKeyFile });

export interface TestKey {
  readonly secret: string;
  readonly recipient: string;
  readonly file: string;
}

export async function testKey(folder: string, name = "keys.txt"): Promise<TestKey> {
  const secret = await generateIdentity();
  const file = path.join(folder, name);
  writeFileSync(file, `# a key for one test\n${secret}\n`, { mode: 0o600 });
  return { secret, recipient: await identityToRecipient(secret), file };
}

export function readSecrets(
  root: string,
  files: readonly string[],
  identities: IdentitySource,
  add: (value: string) => void = () => undefined,
): Promise<Result<SecretTree>> {
  return createSecretReader({ redactor: { add }, identities }).read(root, files);
}

/** The tree; fails the test with the failure's words. */
export function treeOf(result: Result<SecretTree>): SecretTree {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

/** The refusal's words; fails the test where the file was read. */
export function refusalOf(result: Result<SecretTree>): { file: string; why: string; hint: string } {
  if (result.ok) throw new Error("it was read");
  if (result.failure.reason !== "secret-unreadable") throw new Error(result.failure.reason);
  const { file, why, hint = "" } = result.failure;
  return { file, why, hint };
}
