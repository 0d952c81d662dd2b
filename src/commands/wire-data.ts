/** The data folder's own: its database, and the repository that it belongs to. */
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { HistoryLimits } from "../engine/ports/history-limits.ts";
import type { Records } from "../engine/ports/records.ts";
import type { Source } from "../engine/ports/source.ts";
import type { Credentials, TokenCredentials } from "../source/git-environment.ts";
import { networkEnvironment } from "../source/remote-access.ts";
import { createSource } from "../source/source.ts";
import { createDamageBell, tellDamage, type DamageBell } from "../store/damage.ts";
import { openDatabase } from "../store/database.ts";
import { createSqliteRecords, recordsMigrations } from "../store/records-sqlite.ts";
import { stateMigrations } from "../store/state-schema.ts";
import { createSqliteStateStore } from "../store/state-sqlite.ts";
import { watchToken } from "./token-file.ts";

export const REPOSITORY = "repository";

const invalid = (...problems: Problem[]): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

export interface Stores {
  readonly records: Records;
  readonly store: ReturnType<typeof createSqliteStateStore>;
  /** Rings where the database turns out to be damaged. */
  readonly damage: DamageBell;
  readonly close: () => void;
}

export function openStores(data: string, history?: HistoryLimits): Stores {
  const db = openDatabase(path.join(data, "holdfast.db"), [...recordsMigrations, ...stateMigrations]);
  const damage = createDamageBell();
  return {
    records: tellDamage(createSqliteRecords(db, history), damage.ring),
    store: tellDamage(createSqliteStateStore(db, history), damage.ring),
    damage,
    close: () => db.close(),
  };
}

/** A data folder serves one repository for good: state of two must never meet. */
async function knowRepository(records: Records, settings: DaemonSettings): Promise<Result<string>> {
  const known = await records.setting(REPOSITORY);
  const wanted = settings.repo;
  if (known !== undefined && wanted !== undefined && known !== wanted) {
    const message = `the data folder ${settings.data} belongs to the repository ${known}, not to ${wanted}`;
    return invalid({ message, hint: "give another folder with --data, or leave --repo away" });
  }
  const repository = wanted ?? known;
  if (repository === undefined)
    return invalid({ message: "which repository?", hint: "say it with --repo URL, or HOLDFAST_REPO" });
  await records.setSetting(REPOSITORY, repository);
  return ok(repository);
}

const SIGNED = "signatures.required";

/**
 * Once commits had to be signed, they have to be, until a person says otherwise: a command that somebody calls without
 * the daemon's settings must not deploy what the daemon would refuse.
 */
async function knowSigners(records: Records, settings: DaemonSettings): Promise<Result<void>> {
  const { signers, requireSignatures } = settings;
  const before = (await records.setting(SIGNED)) === "yes";
  if (before && !signers && requireSignatures !== false)
    return invalid({
      message: `commits must be signed, says the data folder ${settings.data}, and no keys are given`,
      hint: "give the keys that the daemon has (best in settings.yaml of the data folder), or requireSignatures: false",
    });
  if (before !== (signers !== undefined)) await records.setSetting(SIGNED, signers ? "yes" : "");
  return ok(undefined);
}

/** Credentials whose token is what the file says when it is asked for. */
function tokenFrom(file: string, login: Pick<TokenCredentials, "host" | "username">): TokenCredentials {
  const token = watchToken(file);
  return {
    kind: "token",
    ...login,
    get token() {
      return token();
    },
  };
}

/** Who logs in where: what the settings say by host, and the person's ssh-agent for any. */
export function credentialsOf(
  settings: Pick<DaemonSettings, "credentials">,
  env: NodeJS.ProcessEnv,
): readonly Credentials[] {
  const socket = env["SSH_AUTH_SOCK"];
  const agent = socket ? { agentSocket: socket } : {};
  const found = settings.credentials.flatMap(({ host, username, tokenFile, ...ssh }): Credentials[] => [
    ...(tokenFile ? [tokenFrom(tokenFile, { host, ...(username === undefined ? {} : { username }) })] : []),
    ...(ssh.identityFile || ssh.knownHostsFile ? [{ kind: "ssh", host, ...ssh, ...agent } as const] : []),
  ]);
  return [...found, { kind: "ssh", ...agent }];
}

/** The watched repository; nothing is fetched yet. Failures: config-invalid. */
export async function openSource(
  records: Records,
  settings: DaemonSettings,
  env: NodeJS.ProcessEnv,
): Promise<Result<Source>> {
  const repository = await knowRepository(records, settings);
  if (!repository.ok) return repository;
  const signed = await knowSigners(records, settings);
  if (!signed.ok) return signed;
  const credentials = credentialsOf(settings, env);
  const folder = path.join(settings.data, "source");
  return createSource({
    url: repository.value,
    branch: settings.branch,
    folder,
    credentials,
    network: networkEnvironment(env),
    ...(settings.signers && { signers: settings.signers }),
  });
}
