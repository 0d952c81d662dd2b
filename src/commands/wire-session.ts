/** A command's way to holdfast: settings first, then the data folder itself. */
import os from "node:os";
import { readDaemonSettings, type DaemonSettings } from "../config/daemon.ts";
import type { EventListener } from "../engine/event.ts";
import { ok, type Result } from "../engine/failure.ts";
import type { Control } from "../engine/ports/control.ts";
import type { GlobalArgs, Io } from "./command.ts";
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

export function settingsFor(args: GlobalArgs, io: Io): Promise<Result<DaemonSettings>> {
  const { repo, branch, data, pulumi } = args;
  return readDaemonSettings({
    flags: { repo, branch, data, pulumi },
    env: io.env,
    cwd: io.cwd,
    home: os.homedir(),
    uid: process.getuid?.() ?? -1,
    cpus: os.availableParallelism(),
  });
}

export async function openSession(
  args: GlobalArgs,
  io: Io,
  what: string,
  listener: EventListener,
): Promise<Result<Session>> {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const opened = await openHoldfast({
    settings: settings.value,
    env: io.env,
    cwd: io.cwd,
    what,
    automatic: false,
    listener,
  });
  if (!opened.ok) return opened;
  const { controller, close } = opened.value;
  return ok({ control: controller, settings: settings.value, remote: false, close: () => close(GRACE_MS) });
}
