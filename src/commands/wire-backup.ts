/** Backups, with the rooms that they need: the database's copy, age, the target's access. */
import os from "node:os";
import path from "node:path";
import { createFolderTarget } from "../backup/folder-target.ts";
import { createGitTarget } from "../backup/git-target.ts";
import { createKeeper, type BackupMemory, type Keeper } from "../backup/keeper.ts";
import { makeBackup, type BackupWorld } from "../backup/make.ts";
import type { Cipher } from "../backup/open.ts";
import { s3Credentials } from "../backup/s3-credentials.ts";
import { createS3Target } from "../backup/s3-target.ts";
import { parseTarget, type BackupTarget } from "../backup/target.ts";
import { resolveTarget } from "../config/care-settings.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import { configInvalid, fail, ok, type Result } from "../engine/failure.ts";
import type { Records } from "../engine/ports/records.ts";
import { homeFolder } from "../process/home-folder.ts";
import { systemClock } from "../process/system-clock.ts";
import { createIdentitySource } from "../secrets/identities.ts";
import { createOrigin } from "../secrets/origin.ts";
import { withFile } from "../secrets/own-identity.ts";
import { networkEnvironment } from "../source/remote-access.ts";
import { openSideRepository } from "../source/side-repository.ts";
import { snapshot, summarize } from "../store/backup.ts";
import { findDamage } from "../store/integrity.ts";
import { version } from "./version.ts";
import { credentialsOf } from "./wire-data.ts";
import { ownKeyFile, sealerFor } from "./wire-keys.ts";

/** What belongs to a data folder's state beside the database. */
export const KEY_FILES: readonly string[] = ["state.key", "age-key.txt"];

const LAST = "backup.last";
const FAILURE = "backup.failure";

type Settings = Pick<
  DaemonSettings,
  "data" | "branch" | "backups" | "credentials" | "repo" | "keyRecipients"
>;

export interface BackupAccess {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
}

async function gitTarget({ settings, env }: BackupAccess): Promise<Result<BackupTarget>> {
  const { repo, data, branch } = settings;
  if (repo === undefined)
    return fail(
      configInvalid([{ message: "which repository are the backups in?", hint: "say it with --repo URL" }]),
    );
  const credentials = credentialsOf(settings, env);
  const network = networkEnvironment(env);
  const source = { url: repo, branch, folder: path.join(data, "source"), credentials, network };
  const opened = openSideRepository(source, path.join(data, "backup-ref.git"));
  return opened.ok ? ok(createGitTarget(opened.value)) : opened;
}

/** `to` as a person writes it; relative paths count from `cwd`. Failures: config-invalid. */
export async function targetOf(access: BackupAccess, to: string, cwd: string): Promise<Result<BackupTarget>> {
  const address = parseTarget(resolveTarget(to, cwd));
  if (!address)
    return fail(
      configInvalid([
        {
          message: `${to} is no target for backups`,
          hint: "write a folder, s3://BUCKET/PREFIX, or git",
        },
      ]),
    );
  if (address.kind === "git") return gitTarget(access);
  if (address.kind === "folder") return ok(createFolderTarget(address.folder));
  const { endpoint, region, credentialsFile } = access.settings.backups.store;
  const { bucket, prefix } = address;
  return ok(
    createS3Target({
      bucket,
      prefix,
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      credentials: () => s3Credentials(credentialsFile, access.env),
      now: systemClock.now,
    }),
  );
}

/** As for the state's keys: identities as sops finds them, and the data folder's own. */
export function cipherOf(env: NodeJS.ProcessEnv, data: string): Cipher {
  const found = createIdentitySource({ env, home: homeFolder(), platform: os.platform() });
  return { ...createOrigin(withFile(found, ownKeyFile(data))), sealer: sealerFor(found, data) };
}

export function worldOf({ settings, env }: BackupAccess): BackupWorld {
  const { data, branch, keyRecipients = [] } = settings;
  return {
    data,
    branch,
    keyFiles: KEY_FILES,
    snapshot: into => snapshot(path.join(data, "holdfast.db"), into),
    findDamage: file => findDamage(file),
    summarize,
    cipher: cipherOf(env, data),
    recipients: keyRecipients,
    version: version(),
    now: systemClock.now,
  };
}

/** In the database itself: a restart knows of it, and so does a command beside the daemon. */
export function memoryOf(records: Pick<Records, "setting" | "setSetting">): BackupMemory {
  const read = async <T>(key: string): Promise<T | undefined> => {
    const text = await records.setting(key);
    // Nobody but the lines below writes it.
    return text ? (JSON.parse(text) as T) : undefined;
  };
  return {
    async read() {
      const [last, failure] = await Promise.all([
        read<{ at: number; name: string; size: number; where: string }>(LAST),
        read<{ at: number; why: string; hint?: string; attempts: number }>(FAILURE),
      ]);
      return { ...(last && { last }), ...(failure && { failure }) };
    },
    async good({ at, name, size, where }) {
      await records.setSetting(LAST, JSON.stringify({ at, name, size, where }));
      await records.setSetting(FAILURE, "");
    },
    async bad(why, hint, at) {
      const before = await read<{ attempts: number }>(FAILURE);
      const attempts = (before?.attempts ?? 0) + 1;
      await records.setSetting(FAILURE, JSON.stringify({ at, why, attempts, ...(hint && { hint }) }));
    },
  };
}

export interface KeeperWiring extends BackupAccess {
  readonly records: Pick<Records, "setting" | "setSetting">;
  readonly say: (level: "info" | "warning" | "error", text: string) => void;
}

/** Failures: config-invalid, where the target cannot be understood. */
export async function createBackupKeeper(wiring: KeeperWiring): Promise<Result<Keeper>> {
  const { settings, records, say } = wiring;
  const { enabled, to, every, newest, days, required } = settings.backups;
  const target = await targetOf(wiring, to, settings.data);
  if (!target.ok) return target;
  const world = worldOf(wiring);
  return ok(
    createKeeper({
      enabled,
      every,
      where: target.value.where,
      required,
      make: occasion => makeBackup(world, target.value, occasion, { newest, days }),
      memory: memoryOf(records),
      clock: systemClock,
      say,
    }),
  );
}
