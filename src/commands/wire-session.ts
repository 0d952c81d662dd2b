/** A command's way to holdfast: through the daemon of the data folder where one runs, else by its own hands. */
import { existsSync } from "node:fs";
import { allLeases } from "../backend/leases.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import { createEstateReader } from "../config/estate-reader.ts";
import type { EventListener } from "../engine/event.ts";
import { ok, type Result } from "../engine/failure.ts";
import type { Control } from "../engine/ports/control.ts";
import { createReader, type Reader } from "../engine/overview.ts";
import { systemClock } from "../process/system-clock.ts";
import { connectControl } from "../server/client.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { inDataFolder, makeDataFolder } from "../store/data-folder.ts";
import { readingCare } from "./wire-care.ts";
import { openSource, openStores } from "./wire-data.ts";
import { settingsFor } from "./wire-settings.ts";
import { socketOf } from "./wire-socket.ts";
import { openHoldfast } from "./wire.ts";

export interface Session {
  readonly control: Control;
  readonly settings: DaemonSettings;
  /** A daemon does the work. */
  readonly remote: boolean;
  readonly close: () => Promise<void>;
}

/** How long a command that is told to stop lets an apply go on. */
const GRACE_MS = 60_000;

export interface SessionOptions {
  /** For the lock's note. */
  readonly what: string;
  readonly listener: EventListener;
  readonly onProgress: (text: string) => void;
}

/** For verbs that only read: beside whoever works on the data folder, without helper processes. */
export async function openReading(
  args: GlobalArgs,
  io: Io,
): Promise<Result<{ reader: Reader; close: () => void }>> {
  const read = await settingsFor(args, io);
  if (!read.ok) return read;
  const settings = read.value;
  const daemon = existsSync(settings.data)
    ? await connectControl(socketOf(settings.data), () => undefined)
    : undefined;
  if (daemon) return ok({ reader: daemon, close: () => undefined });
  const made = makeDataFolder(settings.data);
  if (!made.ok) return made;
  const stores = inDataFolder(settings.data, () => openStores(settings.data, settings.history));
  if (!stores.ok) return stores;
  const { records, store, close } = stores.value;
  const source = await openSource(records, settings, io.env);
  if (!source.ok) {
    close();
    return source;
  }
  const world = {
    source: source.value,
    reader: createEstateReader(),
    records,
    care: readingCare(settings, records),
    clock: systemClock,
    emit: () => undefined,
  };
  const reader = await createReader(world, () => allLeases(store));
  return ok({ reader, close });
}

/** A second one is loaded where there is something to apply: most often there is nothing, and it costs a second of a core. */
const WORKERS_OF_A_COMMAND = 1;

export async function openSession(
  args: GlobalArgs,
  io: Io,
  options: SessionOptions,
): Promise<Result<Session>> {
  const read = await settingsFor(args, io);
  if (!read.ok) return read;
  const settings = read.value;
  const leaving = new AbortController();
  const daemon = existsSync(settings.data)
    ? await connectControl(socketOf(settings.data), options.listener, leaving.signal)
    : undefined;
  if (daemon) return ok({ control: daemon, settings, remote: true, close: async () => leaving.abort() });
  const own = { ...settings, workers: Math.min(settings.workers, WORKERS_OF_A_COMMAND) };
  const opened = await openHoldfast({
    settings: own,
    env: io.env,
    cwd: io.cwd,
    automatic: false,
    ...options,
  });
  if (!opened.ok) return opened;
  const { controller, close } = opened.value;
  return ok({ control: controller, settings, remote: false, close: () => close(GRACE_MS) });
}
