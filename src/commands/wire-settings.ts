/** The daemon's settings for a command: its flags, the environment, the settings file. */
import os from "node:os";
import { readDaemonSettings, type DaemonSettings } from "../config/daemon.ts";
import type { Result } from "../engine/failure.ts";
import { homeFolder } from "../process/home-folder.ts";
import type { GlobalArgs, Io } from "./command.ts";

type MoreFlags = Readonly<Record<string, string | number | boolean | undefined>>;

export function settingsFor(
  args: GlobalArgs,
  io: Io,
  more: MoreFlags = {},
  settingsFile?: string,
): Promise<Result<DaemonSettings>> {
  const { repo, branch, data, pulumi } = args;
  return readDaemonSettings({
    flags: { repo, branch, data, pulumi, ...more },
    env: io.env,
    ...(settingsFile === undefined ? {} : { settingsFile }),
    cwd: io.cwd,
    home: homeFolder(),
    uid: process.getuid?.() ?? -1,
    cpus: os.availableParallelism(),
  });
}
