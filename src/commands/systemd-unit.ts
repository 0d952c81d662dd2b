/** A systemd unit for the daemon, as text (systemd.service(5), systemd.exec(5)). Pure. */
import { DAMAGED_EXIT } from "./run-exit.ts";

export interface UnitOptions {
  /** Absolute. */
  readonly program: string;
  /** `serve` and its options, values absolute. */
  readonly arguments: readonly string[];
  /** Absolute; may be missing when the daemon starts. */
  readonly environmentFile: string;
  /** Folders with the programs that holdfast starts by name: node, git, ssh, pulumi. */
  readonly path: readonly string[];
  /** Of a person: systemd --user runs it, and it may do less. */
  readonly user: boolean;
  /** Absolute; for the units of the machine, which have no home otherwise. */
  readonly home: string;
}

/** The daemon lets an apply under way end for a minute (wire-serve.ts); systemd must wait longer than that. */
const STOP_SECONDS = 90;
/** Exit codes of `serve`: EX_USAGE (src/cli.ts) and a damaged database. */
const UNMENDABLE = [64, DAMAGED_EXIT];
/** What could not start five times within these seconds needs a person. */
const START_LIMIT_SECONDS = 300;

/** A word of ExecStart: quotes as systemd reads them, `%` and `$` as themselves. */
function word(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(text) ? `"${escaped}"` : escaped;
}

/** A value where only `%` is special. */
const value = (text: string): string => text.replaceAll("%", "%%");

/**
 * What no stack can need. A daemon of the machine may keep this very host (`connection: { local: true }`): write to
 * /etc, /usr and /home, set the clock or kernel parameters, run containers, give a file the set-user-id bit; so no
 * ProtectSystem, ProtectKernelTunables, RestrictSUIDSGID or RestrictNamespaces, and no UMask, which would narrow the
 * folders that it makes. Root loses nothing by NoNewPrivileges; for a person it would take away sudo and newuidmap
 * (rootless containers), and for a person each of the others implies it.
 */
const SYSTEM_HARDENING = [
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "ProtectKernelLogs=yes",
  "KeyringMode=private",
];

export function systemdUnit(options: UnitOptions): string {
  const { program, environmentFile, user, home } = options;
  return [
    "# Written by `holdfast install`; written anew by the next one.",
    "[Unit]",
    "Description=holdfast: keeps infrastructure equal to Git",
    ...(user ? [] : ["Wants=network-online.target", "After=network-online.target"]),
    `StartLimitIntervalSec=${START_LIMIT_SECONDS}`,
    "StartLimitBurst=5",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${[program, ...options.arguments].map(word).join(" ")}`,
    `Environment="PATH=${value(options.path.join(":"))}"`,
    ...(user ? [] : [`Environment="HOME=${value(home)}"`]),
    "# SOPS_AGE_KEY_FILE=/path/of/the/age/key belongs in this file, one NAME=VALUE in a line.",
    `EnvironmentFile=-${value(environmentFile)}`,
    "Restart=on-failure",
    "RestartSec=5",
    "# Wrong options, a damaged database: the next start would find the same.",
    `RestartPreventExitStatus=${UNMENDABLE.join(" ")}`,
    "# The daemon alone is asked to stop, and ends what it started in order; what is left then is killed.",
    "KillMode=mixed",
    "# A control group of our own, in which each program's box gets one with its limits.",
    "Delegate=yes",
    `TimeoutStopSec=${STOP_SECONDS}`,
    ...(user ? [] : SYSTEM_HARDENING),
    "",
    "[Install]",
    `WantedBy=${user ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}
