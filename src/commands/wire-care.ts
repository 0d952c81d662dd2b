/** Guards the data folder: is the database whole, is there room on the disk, is there a backup. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Keeper } from "../backup/keeper.ts";
import { removeWork } from "../backup/make.ts";
import { newestFirst } from "../backup/name.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import type { EventListener } from "../engine/event.ts";
import { fail, ok, type Failure, type Result, type Stalled, type Waiting } from "../engine/failure.ts";
import type { DataCare } from "../engine/ports/care.ts";
import type { Records } from "../engine/ports/records.ts";
import { systemClock } from "../process/system-clock.ts";
import { damageOf } from "../store/damage.ts";
import { DEFAULT_LEAST, diskRoom, tooLittle } from "../store/disk-room.ts";
import { findDamage } from "../store/integrity.ts";
import { createBackupKeeper, memoryOf, targetOf, type BackupAccess } from "./wire-backup.ts";
import { diskFailure } from "./wire-disk.ts";

export interface Care extends DataCare {
  /** Watches the disk; backups on schedule too, where `scheduled`. */
  start(scheduled: boolean): Promise<void>;
  stop(): Promise<void>;
  /** The database turned out to be damaged while it was used. */
  damaged(why: string): void;
}

/** A disk fills in minutes; a look costs microseconds. */
const LOOK_MS = 2_000;
/** Longer than this nobody waits at night to hear of the newest backup. */
const LIST_MS = 10_000;

type Damaged = Extract<Stalled, { readonly reason: "database-damaged" }>;
type NearlyFull = Extract<Waiting, { readonly reason: "disk-nearly-full" }>;

/** The newest in the target that the settings name; undefined where there is none, or nobody answers in time. */
async function newestBackup(access: BackupAccess): Promise<Damaged["backup"]> {
  const { to } = access.settings.backups;
  const target = await targetOf(access, to, access.settings.data);
  if (!target.ok) return undefined;
  const late = new Promise<undefined>(resolve => void setTimeout(resolve, LIST_MS, undefined).unref());
  const listed = await Promise.race([target.value.list(), late]);
  const [newest] = listed?.ok ? newestFirst(listed.value) : [];
  return newest && { at: newest.at, name: newest.name, where: target.value.where };
}

/** In full: what is wrong, and the way out. */
export async function damagedFailure(access: BackupAccess, why: string): Promise<Damaged> {
  const backup = await newestBackup(access);
  const folder = access.settings.data;
  return { kind: "stalled", reason: "database-damaged", folder, why, ...(backup && { backup }) };
}

/** Before anything opens it. Failures: database-damaged. */
export async function checkDatabase(access: BackupAccess): Promise<Result<void>> {
  const file = path.join(access.settings.data, "holdfast.db");
  const why = existsSync(file) ? await findDamage(file) : undefined;
  return why === undefined ? ok(undefined) : fail(await damagedFailure(access, why));
}

/** Looks at the disk; tells when the answer changes. */
function watchDisk(settings: DaemonSettings, tell: (failure: NearlyFull | undefined) => void) {
  const folder = settings.data;
  let low: NearlyFull | undefined;
  let free: number | undefined;
  const look = async (): Promise<void> => {
    const room = await diskRoom(folder);
    const needed = tooLittle(room, settings.minimumFree ?? DEFAULT_LEAST, low !== undefined);
    const before = low;
    free = room.free;
    low =
      needed === undefined
        ? undefined
        : { kind: "waiting", reason: "disk-nearly-full", folder, free, needed };
    if ((before === undefined) !== (low === undefined)) tell(low);
  };
  return { look, low: () => low, free: () => free };
}

function every(ms: number, work: () => Promise<void>, failed: (error: unknown) => void): () => void {
  let stopped = false;
  let callOff = (): void => undefined;
  const next = (): void => {
    if (!stopped) callOff = systemClock.after(ms, () => void work().catch(failed).finally(next));
  };
  next();
  return () => {
    stopped = true;
    callOff();
  };
}

const HALTED = "Nothing is run from now on";

function careOf(
  access: BackupAccess & { settings: DaemonSettings },
  keeper: Keeper,
  listener: EventListener,
): Care {
  const { settings } = access;
  const say = (level: "info" | "warning" | "error", text: string): void =>
    listener({ type: "message", level, text, at: systemClock.now() });
  let broken: Damaged | undefined;
  let stopWatch = (): void => undefined;
  const disk = watchDisk(settings, low =>
    low
      ? say(
          "error",
          `the disk of ${low.folder} is nearly full: ${low.free} bytes are free, ${low.needed} must be. ${HALTED}`,
        )
      : say("info", `there is room again on the disk of ${settings.data}: runs go on`),
  );
  const halted = (): Failure | undefined => broken ?? disk.low();
  return {
    halted,
    beforeDestructive: what => keeper.beforeDestructive(what),
    async explain(trouble) {
      if (broken) return broken;
      const damage = damageOf(trouble);
      try {
        return await (damage === undefined ? diskFailure(settings, trouble) : damagedFailure(access, damage));
      } catch (error) {
        say("error", `what went wrong could not be looked into: ${String(error)}`);
        return undefined;
      }
    },
    async facts() {
      const [now, free] = [halted(), disk.free()];
      const backups = broken ? { on: settings.backups.enabled } : await keeper.facts();
      return { ...(now && { halted: now }), ...(free === undefined ? {} : { diskFree: free }), backups };
    },
    async start(scheduled) {
      await disk.look();
      stopWatch = every(LOOK_MS, disk.look, error =>
        say("error", `the disk cannot be looked at: ${String(error)}`),
      );
      if (scheduled) keeper.start();
    },
    async stop() {
      stopWatch();
      await keeper.stop();
    },
    damaged(why) {
      if (broken) return;
      broken = { kind: "stalled", reason: "database-damaged", folder: settings.data, why };
      say("error", `the database in ${settings.data} is damaged: ${why}. ${HALTED}`);
      const known = (full: Damaged): void => {
        broken = full;
        const { backup } = full;
        const found = backup
          ? `the newest backup is ${backup.name} in ${backup.where}`
          : "no backup was found";
        say("error", `${found}; stop this daemon, then: holdfast restore --data ${settings.data} --force`);
      };
      damagedFailure(access, why).then(known, (error: unknown) => say("error", String(error)));
    },
  };
}

/** Failures: config-invalid, where the target of backups cannot be understood. */
export async function createCare(
  access: BackupAccess & { settings: DaemonSettings },
  records: Records,
  listener: EventListener,
): Promise<Result<Care>> {
  // We hold the folder's lock: what lies there is a dead daemon's.
  await removeWork(access.settings.data);
  const say = (level: "info" | "warning" | "error", text: string): void =>
    listener({ type: "message", level, text, at: systemClock.now() });
  const keeper = await createBackupKeeper({ ...access, records, say });
  return keeper.ok ? ok(careOf(access, keeper.value, listener)) : keeper;
}

/** For commands that only read, beside whoever works: what is on record, and the disk as it is. */
export function readingCare(settings: DaemonSettings, records: Records): Pick<DataCare, "facts"> {
  return {
    async facts() {
      const disk = watchDisk(settings, () => undefined);
      await disk.look();
      const [low, free] = [disk.low(), disk.free()];
      const { enabled } = settings.backups;
      const backups = { on: enabled, ...(await memoryOf(records).read()) };
      return { ...(low && { halted: low }), ...(free === undefined ? {} : { diskFree: free }), backups };
    },
  };
}
