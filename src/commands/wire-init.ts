/** Copies the starter estate out of our own repository, and encrypts its secret for the person. */
import { randomBytes } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import { createIdentitySource } from "../secrets/identities.ts";
import { createSecretTools } from "../secrets/tools.ts";
import { HOLDFAST } from "./wire-found.ts";

export interface Planted {
  /** Relative to the folder. */
  readonly files: readonly string[];
  readonly recipient: string;
  readonly keyFile: string;
  /** A key was made because there was none. */
  readonly newKey: boolean;
}

const COPIED = ["Pulumi.yaml", "holdfast.yaml", "stacks/**/*"];
const SECRET = "secrets/hosts.sops.yaml";
const RULES = ".sops.yaml";

const invalid = (...problems: Problem[]): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

const estateFiles = (): string[] =>
  globSync(COPIED, { cwd: HOLDFAST, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.relative(HOLDFAST, path.join(entry.parentPath, entry.name)))
    .sort();

const rules = (
  recipient: string,
): string => `# Who can read the files under secrets/: one age recipient, or several with commas.
creation_rules:
  - path_regex: ^secrets/.*\\.sops\\.(yaml|json|env)$
    age: ${recipient}
`;

interface Key {
  readonly recipient: string;
  readonly file: string;
  readonly made: boolean;
}

/** The person's own key, as \`sops\` finds it; one is made where there is none. */
async function findKey(env: NodeJS.ProcessEnv): Promise<Result<Key>> {
  const options = { env, home: env["HOME"] ?? os.homedir(), platform: process.platform };
  const found = (await createIdentitySource(options).load()).keys[0];
  if (found) return ok({ recipient: found.recipient, file: "", made: false });
  const made = await createSecretTools(options).newKey();
  if (!made.ok)
    return invalid({
      message: `no age key could be made: ${made.why}`,
      ...(made.hint && { hint: made.hint }),
    });
  return ok({ recipient: made.value.recipient, file: made.value.file, made: true });
}

/** In the clear only in memory: on tmpfs, where nobody else can look. */
async function plantSecret(dir: string, recipient: string, env: NodeJS.ProcessEnv): Promise<Result<void>> {
  const file = path.join(dir, SECRET);
  const tools = createSecretTools({ env, home: env["HOME"] ?? os.homedir(), platform: process.platform });
  await mkdir(path.dirname(file), { recursive: true });
  const hidden = await mkdtemp(
    path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "holdfast-init-"),
  );
  try {
    const clear = path.join(hidden, path.basename(SECRET));
    await writeFile(clear, `databasePassword: ${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
    const sealed = await tools.encrypt(clear, file, [recipient]);
    if (sealed.ok) return ok(undefined);
    return fail({
      kind: "stalled",
      reason: "secret-unreadable",
      file: SECRET,
      why: sealed.why,
      ...(sealed.hint && { hint: sealed.hint }),
    });
  } finally {
    await rm(hidden, { recursive: true });
  }
}

/** Nothing that is there is overwritten. Failures: config-invalid, secret-unreadable. */
export async function plantEstate(dir: string, env: NodeJS.ProcessEnv): Promise<Result<Planted>> {
  const files = estateFiles();
  const all = [...files, RULES, SECRET];
  const taken = all.filter(file => existsSync(path.join(dir, file)));
  const hint = "choose an empty folder; nothing was written";
  if (taken.length > 0)
    return invalid(
      ...taken.map(file => ({
        message: "this file is there already",
        place: { file: path.join(dir, file) },
        hint,
      })),
    );
  const key = await findKey(env);
  if (!key.ok) return key;
  for (const file of files) {
    await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
    await copyFile(path.join(HOLDFAST, file), path.join(dir, file));
  }
  await writeFile(path.join(dir, RULES), rules(key.value.recipient));
  const secret = await plantSecret(dir, key.value.recipient, env);
  if (!secret.ok) return secret;
  return ok({ files: all, recipient: key.value.recipient, keyFile: key.value.file, newKey: key.value.made });
}
