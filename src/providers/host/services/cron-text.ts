/** A job's file in /etc/cron.d: written, and taken apart for an import. Pure. */

export interface CronJobInputs {
  readonly name: string;
  readonly schedule: string;
  readonly user: string;
  readonly command: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Octal digits. */
  readonly mode?: string;
}

export const cronPath = (name: string): string => `/etc/cron.d/${name}`;

const HEAD = "# Kept by holdfast: what is changed here by hand is put back.";

/** cron ends the command at a percent sign, and takes one of two backslashes away. */
const escaped = (command: string): string => command.replaceAll(/[\\%]/g, "\\$&");
const unescaped = (text: string): string => text.replaceAll(/\\([\\%])/g, "$1");

/** cron takes the quotes away and nothing else. */
const setting = ([name, value]: readonly [string, string]): string =>
  value.includes('"') ? `${name}='${value}'` : `${name}="${value}"`;

export const cronText = ({ schedule, user, command, environment }: CronJobInputs): string =>
  [HEAD, ...[...environment].map(setting), `${schedule} ${user} ${escaped(command)}`, ""].join("\n");

const SETTING = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;
const JOB = /^\s*(@[a-z]+|(?:\S+\s+){4}\S+)\s+(\S+)\s+(.*?)\s*$/;

const unquoted = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

/** Undefined: it holds something else than one job and its environment. */
export function parseCronText(text: string): Omit<CronJobInputs, "name"> | undefined {
  const lines = text.split("\n").filter(line => !/^\s*(#|$)/.test(line));
  const environment = new Map<string, string>();
  for (const line of lines.slice(0, -1)) {
    const [, name, value] = SETTING.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    environment.set(name, unquoted(value));
  }
  const [, schedule, user, command] = JOB.exec(lines.at(-1) ?? "") ?? [];
  if (schedule === undefined || user === undefined || command === undefined) return undefined;
  // A bare percent sign is input for the command, which no property says.
  if (/^(?:[^\\%]|\\.)*%/.test(command)) return undefined;
  const fields = schedule.trim().split(/\s+/).join(" ");
  return { schedule: fields, user, command: unescaped(command), environment };
}
