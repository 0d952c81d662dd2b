/** What is asked for, and what this machine has for it: the CLI, a folder in memory, the person's environment. */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import type { EventListener } from "../engine/event.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { Pulumi } from "../engine/ports/pulumi.ts";
import type { Source } from "../engine/ports/source.ts";
import type { StateControl } from "../engine/ports/state.ts";
import { systemClock } from "../process/system-clock.ts";
import type { ProgramBox } from "../program/boxed-process.ts";
import { locatePulumi } from "../pulumi/locate.ts";
import type { Care } from "./wire-care.ts";
import type { OpenedKeys } from "./wire-keys.ts";
import type { startStateProcess } from "./wire-state.ts";

export interface OpenOptions {
  readonly settings: DaemonSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** For the lock's note, for example `holdfast serve`. */
  readonly what: string;
  /** Runs what is due by itself. */
  readonly automatic: boolean;
  readonly listener: EventListener;
  readonly onProgress?: (text: string) => void;
  /** For plans on a state that is not ours: what stands in the place of our own parts. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  /** What the CLI gets besides: logins of the place where the state is. */
  readonly env: Readonly<Record<string, string>>;
  readonly state: (own: StateControl) => StateControl;
  readonly pulumi: (own: Pulumi) => Pulumi;
}

/** Our own package folder. */
export const HOLDFAST = path.resolve(import.meta.dirname, "../..");

export const present = (env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap(name => (env[name] === undefined || env[name] === "" ? [] : [[name, env[name]]])),
  );

/** What helpers and tools need of the person's environment; nothing else is inherited. */
export const SYSTEM = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];
export const NETWORK = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "https_proxy",
  "http_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
];

/** Where a data folder's short-lived files are: in memory where the machine has such a folder. */
export function runDirOf(data: string): string {
  const base = os.platform() === "linux" ? "/dev/shm" : os.tmpdir();
  return path.join(base, `holdfast-${createHash("sha256").update(data).digest("hex").slice(0, 12)}`);
}

/** A crash's leftovers go at the next start. */
export function makeRunDir(data: string): string {
  const dir = runDirOf(data);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

export async function findCli(options: OpenOptions): Promise<Result<string>> {
  const { settings, env, onProgress } = options;
  const located = await locatePulumi({
    env,
    override: settings.pulumi,
    tools: path.join(HOLDFAST, "tools"),
    install: true,
    ...(onProgress && { onProgress }),
  });
  if (located.found && located.warning)
    options.listener({ type: "message", level: "warning", text: located.warning, at: systemClock.now() });
  return located.found
    ? ok(located.path)
    : fail({ kind: "stalled", reason: "plugin-missing", plugin: "pulumi", how: located.message });
}

export function announce(options: OpenOptions, what: string): (why: string) => void {
  return why => options.listener({ type: "process-restarted", what, why, at: systemClock.now() });
}

export interface Found {
  readonly source: Source;
  readonly cli: string;
  readonly care: Care;
  readonly state: Awaited<ReturnType<typeof startStateProcess>>;
  readonly keys: OpenedKeys;
  readonly system: Readonly<Record<string, string>>;
  readonly runDir: string;
  /** Undefined: programs are not isolated. */
  readonly box: ProgramBox | undefined;
}
