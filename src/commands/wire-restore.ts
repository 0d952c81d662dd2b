/** `backup` and `restore`, straight on the data folder: a backup also beside a daemon, a restore only without one. */
import { createReadStream, existsSync, statSync } from "node:fs";
import path from "node:path";
import { recorded } from "../backup/keeper.ts";
import { makeBackup, type MadeBackup } from "../backup/make.ts";
import { newestFirst } from "../backup/name.ts";
import { restoreBackup, type Restored } from "../backup/restore.ts";
import { good, type BackupTarget, type Outcome, type StoredBackup } from "../backup/target.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import { systemClock } from "../process/system-clock.ts";
import { forgetMachine, summarize, unknownMigrations } from "../store/backup.ts";
import { damageOf } from "../store/damage.ts";
import { makeDataFolder } from "../store/data-folder.ts";
import { claimData } from "../store/data-lock.ts";
import { findDamage } from "../store/integrity.ts";
import { recordsMigrations } from "../store/records-sqlite.ts";
import { stateMigrations } from "../store/state-schema.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { cipherOf, KEY_FILES, memoryOf, targetOf, worldOf } from "./wire-backup.ts";
import { checkDatabase } from "./wire-care.ts";
import { openStores } from "./wire-data.ts";
import { diskFailure } from "./wire-disk.ts";
import { settingsFor } from "./wire-settings.ts";

export type { MadeBackup, Restored, StoredBackup };

const invalid = (problem: Problem): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });

const resultOf = <T>(outcome: Outcome<T>): Result<T> => {
  if (outcome.ok) return ok(outcome.value);
  const { why: message, hint } = outcome;
  return invalid({ message, ...(hint === undefined ? {} : { hint }) });
};

const databaseOf = ({ data }: DaemonSettings): string => path.join(data, "holdfast.db");

/** Makes one now. Failures: database-damaged, config-invalid with what went wrong. */
export async function backupNow(
  args: GlobalArgs,
  io: Io,
  to: string | undefined,
): Promise<Result<MadeBackup>> {
  const read = await settingsFor(args, io);
  if (!read.ok) return read;
  const settings = read.value;
  if (!existsSync(databaseOf(settings)))
    return invalid({
      message: `${settings.data} is no data folder of holdfast yet: there is nothing to back up`,
      hint: "say where it is with --data",
    });
  const whole = await checkDatabase({ settings, env: io.env });
  if (!whole.ok) return whole;
  const stores = openStores(settings.data);
  try {
    const repo = settings.repo ?? (await stores.records.setting("repository"));
    const access = { settings: { ...settings, ...(repo === undefined ? {} : { repo }) }, env: io.env };
    const target = await targetOf(access, to ?? settings.backups.to, io.cwd);
    if (!target.ok) return target;
    const { newest, days } = settings.backups;
    const world = worldOf(access);
    const make = (): Promise<Outcome<MadeBackup>> =>
      makeBackup(world, target.value, "manual", { newest, days });
    // One that lies elsewhere says nothing of the schedule's own target.
    if (to !== undefined) return resultOf(await make());
    const memory = memoryOf(stores.records);
    // What it says is the command's answer.
    const say = (): undefined => undefined;
    const made = await recorded({ make, memory, clock: systemClock, say })("manual");
    const full = made.ok ? undefined : await diskFailure(settings, made.why);
    return full ? fail(full) : resultOf(made);
  } finally {
    stores.close();
  }
}

export interface Listed {
  readonly where: string;
  /** Newest first. */
  readonly backups: readonly StoredBackup[];
}

async function knownRepository(settings: DaemonSettings): Promise<string | undefined> {
  if (settings.repo !== undefined || !existsSync(databaseOf(settings))) return settings.repo;
  try {
    return summarize(databaseOf(settings)).repository;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return undefined;
  }
}

async function openTarget(
  settings: DaemonSettings,
  io: Io,
  to: string | undefined,
): Promise<Result<BackupTarget>> {
  const repo = await knownRepository(settings);
  const access = { settings: { ...settings, ...(repo === undefined ? {} : { repo }) }, env: io.env };
  return targetOf(access, to ?? settings.backups.to, io.cwd);
}

export async function listBackups(args: GlobalArgs, io: Io, to: string | undefined): Promise<Result<Listed>> {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const target = await openTarget(settings.value, io, to);
  if (!target.ok) return target;
  const listed = resultOf(await target.value.list());
  return listed.ok ? ok({ where: target.value.where, backups: newestFirst(listed.value) }) : listed;
}

interface Chosen {
  readonly target: Pick<BackupTarget, "read" | "where">;
  readonly name: string;
}

/** A backup's own file, under whatever name; else the one that is asked for, or the newest, of a target. */
async function choose(
  settings: DaemonSettings,
  io: Io,
  from: string | undefined,
  wanted: string | undefined,
): Promise<Result<Chosen>> {
  const file = from === undefined ? undefined : path.resolve(io.cwd, from);
  if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile()) {
    const target = { where: path.dirname(file), read: async () => good(createReadStream(file)) };
    return ok({ target, name: path.basename(file) });
  }
  const target = await openTarget(settings, io, from);
  if (!target.ok) return target;
  const listed = resultOf(await target.value.list());
  if (!listed.ok) return listed;
  const all = newestFirst(listed.value);
  const found = wanted === undefined ? all[0] : all.find(({ name }) => name === wanted);
  const { where } = target.value;
  if (found) return ok({ target: target.value, name: found.name });
  const message =
    wanted === undefined ? `there is no backup in ${where}` : `no backup in ${where} is named ${wanted}`;
  return invalid({
    message,
    hint: "say where they are: holdfast restore FROM; `holdfast backup list` shows them",
  });
}

/** What would be lost; undefined: nothing. A database that cannot be read may be all that is left of something. */
function stateIn(settings: DaemonSettings): string | undefined {
  if (!existsSync(databaseOf(settings))) return undefined;
  try {
    const { stacks, runs, tokens } = summarize(databaseOf(settings));
    const withState = stacks.filter(({ version }) => version > 0).length;
    return withState + runs + tokens === 0 ? undefined : `stacks with state: ${withState}, runs: ${runs}`;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return "a damaged database";
  }
}

export interface RestoreWish {
  readonly from: string | undefined;
  readonly backup: string | undefined;
  readonly force: boolean;
}

/** Failures: stack-busy (somebody has the folder), config-invalid with what went wrong. */
export async function restore(args: GlobalArgs, io: Io, wish: RestoreWish): Promise<Result<Restored>> {
  const read = await settingsFor(args, io);
  if (!read.ok) return read;
  const settings = read.value;
  const { data } = settings;
  const made = makeDataFolder(data);
  if (!made.ok) return made;
  const lock = claimData(data, "holdfast restore");
  if (!lock.ok) return lock;
  try {
    const state = wish.force ? undefined : stateIn(settings);
    if (state !== undefined)
      return invalid({
        message: `${data} has state already: ${state}`,
        hint: "--force puts the backup in its place and keeps what is there in a folder beside it; or restore into another folder with --data",
      });
    const chosen = await choose(settings, io, wish.from, wish.backup);
    if (!chosen.ok) return chosen;
    const known = [...recordsMigrations, ...stateMigrations].map(({ name }) => name);
    const world = {
      data,
      keyFiles: KEY_FILES,
      cipher: cipherOf(io.env, data),
      findDamage: (file: string) => findDamage(file, "full"),
      unknownMigrations: (file: string) => unknownMigrations(file, known),
      forgetMachine,
      now: systemClock.now,
    };
    return resultOf(await restoreBackup(world, chosen.value.target, chosen.value.name));
  } finally {
    lock.value.release();
  }
}
