/** Pulumi's own backends, for import-state and export-state: which CLI reads them, with whose logins, and where its files live. */
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { passphraseSalt, withSecretsOpen } from "../backend/deployment/hand-over.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import { openForeignBackend, type ForeignBackend } from "../pulumi/foreign-backend.ts";
import { isBackendUrl, parseBackendUrl } from "../pulumi/foreign-url.ts";
import { locatePulumi } from "../pulumi/locate.ts";
import { passphraseKeys } from "../pulumi/passphrase.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { HOLDFAST } from "./wire-found.ts";

export { isBackendUrl };

const PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE";
const PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE";

/**
 * A store's logins come by many ways (AWS_PROFILE, PGPASSWORD, a cloud's metadata), so the person's environment goes along.
 * What begins with PULUMI_ would lead the CLI elsewhere, but for the passphrase.
 */
export function personEnvironment({ env, cwd }: Pick<Io, "env" | "cwd">): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) => {
    const given = value !== undefined && (!name.startsWith("PULUMI_") || name === PASSPHRASE);
    return given ? [[name, value] as const] : [];
  });
  const file = env[PASSPHRASE_FILE];
  return { ...Object.fromEntries(kept), ...(file ? { [PASSPHRASE_FILE]: path.resolve(cwd, file) } : {}) };
}

/** PULUMI_CONFIG_PASSPHRASE, or what is in the file of PULUMI_CONFIG_PASSPHRASE_FILE. */
export async function passphraseOf({ env, cwd }: Pick<Io, "env" | "cwd">): Promise<Result<string>> {
  const said = env[PASSPHRASE];
  if (said !== undefined) return ok(said);
  const file = env[PASSPHRASE_FILE];
  const text = file ? await readFile(path.resolve(cwd, file), "utf8").catch(() => undefined) : undefined;
  if (text !== undefined) return ok(text.trim());
  const message = file ? `${file} cannot be read` : "there is no passphrase for the state's secrets";
  const hint = `set ${PASSPHRASE}, or ${PASSPHRASE_FILE}, to the passphrase that they are encrypted with there`;
  return fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });
}

/** A deployment of an export file, whose secrets may be under a passphrase: with them in the clear. Others stay as they are. */
export async function openedFile(io: Pick<Io, "env" | "cwd">, value: unknown): Promise<Result<unknown>> {
  const salt = passphraseSalt(value);
  if (salt === undefined) return ok(value);
  const passphrase = await passphraseOf(io);
  if (!passphrase.ok) return passphrase;
  const key = await passphraseKeys()(passphrase.value, salt);
  if (key.ok) return ok(withSecretsOpen(value, ciphertext => key.open(ciphertext)));
  const hint = `set ${PASSPHRASE} to the passphrase that the file's secrets are encrypted with`;
  return fail({ kind: "stalled", reason: "state-unreadable", why: `the file's secrets: ${key.why}`, hint });
}

/** A folder in memory where the machine has one; to be removed by whoever asked. */
export function memoryFolder(): string {
  const base = os.platform() === "linux" ? "/dev/shm" : os.tmpdir();
  return mkdtempSync(path.join(base, "holdfast-move-"));
}

export async function findCli(args: GlobalArgs, io: Io): Promise<Result<string>> {
  const located = await locatePulumi({
    env: io.env,
    override: args.pulumi,
    tools: path.join(HOLDFAST, "tools"),
    install: true,
  });
  if (located.found) return ok(located.path);
  return fail({ kind: "stalled", reason: "plugin-missing", plugin: "pulumi", how: located.message });
}

export interface OpenedBackend {
  readonly backend: ForeignBackend;
  /** As the CLI takes it, in any working folder; may hold a password. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Failures: config-invalid, plugin-missing. Nothing is asked of the backend yet. */
export async function openBackend(args: GlobalArgs, io: Io, text: string): Promise<Result<OpenedBackend>> {
  const parsed = parseBackendUrl(text, io.cwd);
  if (!parsed.ok) {
    const { message, hint } = parsed;
    return fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });
  }
  const binary = await findCli(args, io);
  if (!binary.ok) return binary;
  const runDir = memoryFolder();
  const backend = openForeignBackend({
    binary: binary.value,
    address: parsed.value,
    env: personEnvironment(io),
    runDir,
    signal: io.stopSignal(),
  });
  return ok({ backend, url: parsed.value.url, close: () => rm(runDir, { recursive: true, force: true }) });
}
