/** Settings of signed commits: whose count. Never from the watched repository. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Problem } from "../engine/failure.ts";
import type { DaemonValues } from "./daemon-schema.ts";
import { unreadable } from "./unreadable.ts";

/** Whose commits are deployed; absolute paths. At least one of the keys is there. */
export interface SignerSettings {
  readonly allowedSignersFile?: string;
  readonly revokedSignersFile?: string;
  readonly gpgKeysFile?: string;
  /** Armoured. */
  readonly gpgKeys?: string;
}

/** What is said of signed commits. */
export interface SignerWords {
  readonly repo?: string;
  /** Undefined where no keys are given, or requireSignatures is false. */
  readonly signers?: SignerSettings;
  readonly requireSignatures?: boolean;
}

export function signersOf(values: DaemonValues): SignerSettings | undefined {
  const { allowedSignersFile, revokedSignersFile, gpgKeysFile, gpgKeys, requireSignatures } = values;
  const any = allowedSignersFile ?? revokedSignersFile ?? gpgKeysFile ?? gpgKeys;
  if (any === undefined || requireSignatures === false) return undefined;
  return {
    ...(allowedSignersFile === undefined ? {} : { allowedSignersFile }),
    ...(revokedSignersFile === undefined ? {} : { revokedSignersFile }),
    ...(gpgKeysFile === undefined ? {} : { gpgKeysFile }),
    ...(gpgKeys === undefined ? {} : { gpgKeys }),
  };
}

const FILES = ["allowedSignersFile", "revokedSignersFile", "gpgKeysFile"] as const;

function isInRepository(file: string, repo: string | undefined): boolean {
  if (repo === undefined) return false;
  const folder = repo.startsWith("file:///") ? fileURLToPath(repo) : repo;
  return file.startsWith(`${folder}${path.sep}`);
}

/** Who may deploy is not for those to say who push. */
export async function signerRules({ repo, signers, requireSignatures }: SignerWords): Promise<Problem[]> {
  if (requireSignatures && !signers)
    return [
      {
        message: "requireSignatures: no keys are given",
        hint: "give allowedSignersFile (SSH), gpgKeysFile or gpgKeys (GPG)",
      },
    ];
  const problems: Problem[] = [];
  if (signers?.revokedSignersFile !== undefined && signers.allowedSignersFile === undefined)
    problems.push({
      message: "revokedSignersFile: without allowedSignersFile no SSH key counts anyway",
      hint: "give allowedSignersFile, or leave revokedSignersFile away; GPG keys are revoked in their own file",
    });
  for (const key of FILES) {
    const file = signers?.[key];
    problems.push(...(await unreadable(key, file)));
    if (file !== undefined && isInRepository(file, repo))
      problems.push({
        message: `${key}: the file lies in the watched repository`,
        place: { file },
        hint: "keep it where those who push cannot change it, such as beside settings.yaml",
      });
  }
  return problems;
}
