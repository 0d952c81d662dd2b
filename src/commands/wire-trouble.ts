/** What made a command throw, where that is no bug of ours: a full disk, a damaged database, what the daemon told. */
import { failureIn, type Failure } from "../engine/failure.ts";
import { damageOf } from "../store/damage.ts";
import { fullDiskOf } from "../store/disk-full.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { damagedFailure } from "./wire-care.ts";
import { diskFailure } from "./wire-disk.ts";
import { settingsFor } from "./wire-settings.ts";

/** Undefined: a bug. */
export async function troubleOf(error: unknown, args: GlobalArgs, io: Io): Promise<Failure | undefined> {
  const told = failureIn(error);
  if (told) return told;
  const damage = damageOf(error);
  if (damage === undefined && !fullDiskOf(error)) return undefined;
  const settings = await settingsFor(args, io);
  if (!settings.ok) return undefined;
  return damage === undefined
    ? diskFailure(settings.value, error)
    : damagedFailure({ settings: settings.value, env: io.env }, damage);
}
