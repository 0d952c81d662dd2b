/** Writes the run's own config file: on tmpfs, readable for us only, its secrets encrypted. */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ok, type Result } from "../engine/failure.ts";
import type { ConfigFileRequest, RunConfig } from "../engine/ports/pulumi.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { configHash, encodeConfig } from "./encode-config.ts";
import { mergeConfig } from "./merge-config.ts";
import { openSecureValues, type PassphraseOpener, type PassphraseSource } from "./open-secure-values.ts";
import { configInvalid, readStackFile, type StackFile } from "./stack-file.ts";

export interface ConfigWriter {
  readonly runDir: string;
  readonly redactor: Pick<Redactor, "add">;
  readonly passphrase: PassphraseSource;
  readonly opener: PassphraseOpener;
  readonly hashKey: Uint8Array;
}

const HASH_KEY_BYTES = 32;

const isError = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** Undefined: it is missing, or was cut off when it was made. */
async function readHashKey(file: string): Promise<Uint8Array | undefined> {
  try {
    const key = await readFile(file);
    return key.length === HASH_KEY_BYTES ? key : undefined;
  } catch (error) {
    if (isError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The data folder's own key for config hashes; made where it is missing. All that ask at the same time get the same one. */
export async function loadHashKey(file: string): Promise<Uint8Array> {
  const known = await readHashKey(file);
  if (known) return known;
  const made = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(made, randomBytes(HASH_KEY_BYTES), { mode: 0o600, flag: "wx", flush: true });
  try {
    // In its place at once and whole; of several the first one counts.
    await link(made, file);
  } catch (error) {
    if (!isError(error, "EEXIST")) throw error;
    if (!(await readHashKey(file))) await rename(made, file);
  } finally {
    await rm(made, { force: true });
  }
  return (await readHashKey(file)) ?? loadHashKey(file);
}

async function stackFileOf({ root, stack }: ConfigFileRequest): Promise<Result<StackFile>> {
  if (stack.stackFile === undefined)
    return ok({ file: `Pulumi.${stack.stack}.yaml`, entries: [], other: {} });
  const found = await readStackFile(root, stack.stackFile);
  if (!found.ok || !found.value.environment) return found;
  return configInvalid({
    message: "imports a Pulumi ESC environment, which only Pulumi Cloud can open",
    place: found.value.environment,
    hint: "put the values under `config`, and the secret ones into a file under secrets/",
  });
}

async function store(runDir: string, text: string): Promise<{ file: string; dispose: () => Promise<void> }> {
  const folder = path.join(runDir, randomBytes(6).toString("hex"));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, "config.yaml");
  await writeFile(file, text, { mode: 0o600, flag: "wx" });
  return { file, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/** Failures: config-invalid, secret-unreadable. */
export async function writeConfig(
  writer: ConfigWriter,
  request: ConfigFileRequest,
): Promise<Result<RunConfig>> {
  const found = await stackFileOf(request);
  if (!found.ok) return found;
  const { entries, other } = found.value;
  const { secrets, stack } = request;
  const opened = await openSecureValues(found.value, secrets, {
    ...writer,
    ...(request.decrypt && { ownKey: request.decrypt }),
  });
  if (!opened.ok) return opened;
  const { values, problems } = mergeConfig({
    project: stack.project,
    entries,
    plaintexts: opened.value,
    secrets,
    secretFiles: stack.settings.secrets,
  });
  if (problems.length > 0) return configInvalid(...problems);
  const { file, dispose } = await store(writer.runDir, await encodeConfig(values, other, request.encrypt));
  return ok({ file, hash: configHash(writer.hashKey, values, other), dispose });
}
