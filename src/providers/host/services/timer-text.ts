/** The two units of a timer and its environment: written, and taken apart for an import. Pure. */
import { commandWord, environmentLine } from "./systemd-text.ts";

export interface TimerInputs {
  readonly name: string;
  readonly schedule: readonly string[];
  readonly command: string;
  readonly description?: string;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly persistent: boolean;
  readonly randomizedDelay?: string;
  readonly accuracy?: string;
  readonly timeout?: string;
  readonly enabled: boolean;
}

const HEAD = "# Kept by holdfast: what is changed here by hand is put back.";

/** For root alone: systemd reads it, and tells others what it says no more than it must. */
export const environmentPath = (name: string): string => `/var/lib/holdfast/timers/${name}.env`;

const plain = (text: string): string => text.replaceAll("%", "%%");
const setting = (key: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${key}=${value}`];

const text = (...lines: readonly (string | readonly string[])[]): string =>
  [HEAD, ...lines.flat(), ""].join("\n");
const about = ({ name, description = name }: TimerInputs): string => `Description=${plain(description)}`;

export const serviceText = (inputs: TimerInputs): string =>
  text(
    ["[Unit]", about(inputs), "", "[Service]", "Type=oneshot"],
    setting("User", inputs.user),
    setting("WorkingDirectory", inputs.workingDirectory && plain(inputs.workingDirectory)),
    setting("EnvironmentFile", inputs.environment.size > 0 ? environmentPath(inputs.name) : undefined),
    setting("TimeoutStartSec", inputs.timeout),
    `ExecStart=/bin/sh -c ${commandWord(inputs.command)}`,
  );

export const timerText = (inputs: TimerInputs): string =>
  text(
    ["[Unit]", about(inputs), "", "[Timer]"],
    inputs.schedule.map(one => `OnCalendar=${one}`),
    setting("Persistent", inputs.persistent ? "true" : undefined),
    setting("RandomizedDelaySec", inputs.randomizedDelay),
    setting("AccuracySec", inputs.accuracy),
    ["", "[Install]", "WantedBy=timers.target"],
  );

export const environmentText = ({ environment }: TimerInputs): string =>
  [...environment].map(([name, value]) => environmentLine(name, value)).join("");

type Settings = ReadonlyMap<string, readonly string[]>;

/** Keys with all their values. */
function settingsIn(unit: string): Settings {
  const all = new Map<string, readonly string[]>();
  for (const line of unit.split("\n")) {
    const [, key, value] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) all.set(key, [...(all.get(key) ?? []), value]);
  }
  return all;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

const unescaped = (quoted: string): string =>
  quoted.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (ESCAPES[char ?? ""] ?? `\\${char}`) : String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** As the shell gets it. Undefined: it says more than a command of the shell. */
function commandIn(line: string): string | undefined {
  const [, quoted] = /^\/bin\/sh -c "((?:[^"\\]|\\.)*)"$/.exec(line) ?? [];
  const [, bare] = /^\/bin\/sh -c ([^\s"'\\]+)$/.exec(line) ?? [];
  const shell = quoted === undefined ? bare : unescaped(quoted);
  if (shell !== undefined) return shell.replaceAll("$$", "$").replaceAll("%%", "%");
  return /^\/[^\\%$"'`;&|<>*?()#~]*$/.test(line) ? line : undefined;
}

const KNOWN = [
  ...["Description", "Type", "User", "WorkingDirectory", "TimeoutStartSec", "ExecStart"],
  ...["OnCalendar", "Persistent", "RandomizedDelaySec", "AccuracySec", "WantedBy", "Unit"],
];

/** A timer that says no more than a Timer does. Its environment is not read. Undefined: it says more. */
export function parseTimer(name: string, service: string, timer: string): TimerInputs | undefined {
  const [made, timed] = [settingsIn(service), settingsIn(timer)];
  const known = [...made.keys(), ...timed.keys()].every(key => KNOWN.includes(key));
  const one = (settings: Settings, key: string): string | undefined => settings.get(key)?.at(-1);
  const command = commandIn(one(made, "ExecStart") ?? "");
  const schedule = timed.get("OnCalendar") ?? [];
  const ordinary =
    one(made, "Type") === "oneshot" && [undefined, `${name}.service`].includes(one(timed, "Unit"));
  const once = made.get("ExecStart")?.length === 1;
  if (!known || !ordinary || !once || command === undefined || schedule.length === 0) return undefined;
  const said = (key: keyof TimerInputs, value: string | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    name,
    schedule,
    command,
    ...said("description", one(timed, "Description")?.replaceAll("%%", "%")),
    ...said("user", one(made, "User")),
    ...said("workingDirectory", one(made, "WorkingDirectory")?.replaceAll("%%", "%")),
    ...said("randomizedDelay", one(timed, "RandomizedDelaySec")),
    ...said("accuracy", one(timed, "AccuracySec")),
    ...said("timeout", one(made, "TimeoutStartSec")),
    environment: new Map(),
    persistent: /^(yes|true|on|1)$/.test(one(timed, "Persistent") ?? ""),
    enabled: true,
  };
}
