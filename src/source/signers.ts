/**
 * Whose signatures count: the operator's files, read anew whenever commits are judged and copied into a folder of our
 * own, so that one judgement sees one set of keys. The folder is named by its content.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import { isErrno, OWN } from "./owner.ts";
import { importKeys } from "./gpg-signature.ts";
import { removeTree } from "./remove-tree.ts";

/** Absolute paths. At least one of allowedSignersFile, gpgKeysFile and gpgKeys is there. */
export interface SignerFiles {
  /** OpenSSH's allowed_signers. */
  readonly allowedSignersFile?: string;
  /** Public keys, one a line, or a KRL of ssh-keygen -k. */
  readonly revokedSignersFile?: string;
  /** Public keys, armoured or not. */
  readonly gpgKeysFile?: string;
  /** The same, armoured, as text. */
  readonly gpgKeys?: string;
}

/** A copy of the keys that stays as it is. */
export interface Signers {
  /** Names the set: another one where a key came, went or was revoked. */
  readonly policy: string;
  readonly allowedSigners?: string;
  readonly revokedSigners?: string;
  /** Home folder of gpg with nothing in it but the allowed public keys. */
  readonly gpgHome?: string;
  /** For the signature that is looked at. */
  readonly folder: string;
}

/** 1 MB: thousands of keys. */
const MAX_BYTES = 1_000_000;
const NAMES = ["allowedSignersFile", "revokedSignersFile", "gpgKeysFile"] as const;
type Contents = Partial<Record<(typeof NAMES)[number] | "gpgKeys", Buffer>>;

const invalid = (problems: readonly Problem[]): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

async function readFiles(files: SignerFiles): Promise<{ contents: Contents; problems: Problem[] }> {
  const contents: Contents = files.gpgKeys === undefined ? {} : { gpgKeys: Buffer.from(files.gpgKeys) };
  const problems: Problem[] = [];
  for (const name of NAMES) {
    const file = files[name];
    if (file === undefined) continue;
    try {
      const content = await readFile(file);
      contents[name] = content;
      if (content.length > MAX_BYTES)
        problems.push({ message: `${name}: longer than ${MAX_BYTES} bytes`, place: { file } });
    } catch (error) {
      if (!isErrno(error)) throw error;
      const hint = "commits are judged again as soon as it can be read";
      problems.push({ message: `${name}: cannot be read: ${error.code ?? ""}`, place: { file }, hint });
    }
  }
  return { contents, problems };
}

function policyOf(contents: Contents): string {
  const hash = createHash("sha256");
  for (const [name, content] of Object.entries(contents))
    hash.update(`${name} ${content.length}\0`).update(content);
  return hash.digest("hex").slice(0, 32);
}

function signersIn(folder: string, policy: string, contents: Contents): Signers {
  const at = (name: string): string => path.join(folder, name);
  return {
    policy,
    folder,
    ...(contents.allowedSignersFile ? { allowedSigners: at("allowed_signers") } : {}),
    ...(contents.revokedSignersFile ? { revokedSigners: at("revoked_keys") } : {}),
    ...(contents.gpgKeysFile || contents.gpgKeys ? { gpgHome: at("gnupg") } : {}),
  };
}

/** Answers what is wrong with the keys, if anything. */
async function write(signers: Signers, contents: Contents): Promise<readonly Problem[]> {
  const { folder, allowedSigners, revokedSigners, gpgHome } = signers;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (allowedSigners) await writeFile(allowedSigners, contents.allowedSignersFile ?? "");
  if (revokedSigners) await writeFile(revokedSigners, contents.revokedSignersFile ?? "");
  if (!gpgHome) return [];
  await mkdir(gpgHome, { mode: 0o700 });
  const problems: Problem[] = [];
  for (const name of ["gpgKeysFile", "gpgKeys"] as const) {
    const content = contents[name];
    const why = content && (await importKeys(gpgHome, content));
    if (why !== undefined) problems.push({ message: `${name}: ${why}` });
  }
  return problems;
}

/** Makes the folder under another name first: a crash leaves no half of it. */
async function snapshot(folder: string, policy: string, contents: Contents): Promise<Result<Signers>> {
  const whole = path.join(folder, `signers-${policy}`);
  if (existsSync(whole)) return ok(signersIn(whole, policy, contents));
  const making = `${whole}.${OWN}`;
  await removeTree(making);
  try {
    const problems = await write(signersIn(making, policy, contents), contents);
    if (problems.length > 0) return invalid(problems);
    await rename(making, whole);
  } catch (error) {
    // Somebody else has just made the same.
    if (!isErrno(error) || !existsSync(whole)) throw error;
  } finally {
    await removeTree(making);
  }
  return ok(signersIn(whole, policy, contents));
}

/** The keys as the operator's files say them now. Failures: config-invalid. */
export async function readSigners(files: SignerFiles, folder: string): Promise<Result<Signers>> {
  const { contents, problems } = await readFiles(files);
  if (problems.length > 0) return invalid(problems);
  return snapshot(folder, policyOf(contents), contents);
}
