/** Properties of a cron job, and cron's schedules, held to what Debian's cron takes. */
import { account, mode } from "./place.ts";
import { flaw, mapOf, optional, required, text, type Rule, type Shape } from "./shape.ts";

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** The first is `least`. */
  readonly names: readonly string[];
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");
const FIELDS: readonly Field[] = [
  { name: "minute", least: 0, most: 59, names: [] },
  { name: "hour", least: 0, most: 23, names: [] },
  { name: "day of the month", least: 1, most: 31, names: [] },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of the week", least: 0, most: 7, names: DAYS },
];
const NICKNAMES = "@reboot @yearly @annually @monthly @weekly @daily @midnight @hourly".split(" ");
const DAYS_OF_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function numberOf(word: string, { least, most, names }: Field): number | undefined {
  const named = names.indexOf(word.toLowerCase());
  if (named >= 0) return named + least;
  const value = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

const allowed = ({ least, most, names }: Field): string =>
  `${least} to ${most}${names.length === 0 ? "" : ` or ${names[0]} to ${names.at(-1)}`}`;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A text: what is wrong. */
function spanOf(range: string, field: Field): Span | string {
  if (range === "*") return { from: field.least, to: field.most };
  const ends = range.split("-");
  const [from, to = from] = ends.map(end => numberOf(end, field));
  if (ends.length > 2 || from === undefined || to === undefined)
    return `${JSON.stringify(range)} is not ${allowed(field)}, a range of those, or *`;
  return from > to ? `the range ${range} runs backwards` : { from, to };
}

function stepProblem(step: string | undefined, range: string, { from, to }: Span): string | undefined {
  if (step === undefined) return undefined;
  if (range !== "*" && !range.includes("-"))
    return `a step comes after * or a range: ${range}-.../${step}, not ${range}/${step}`;
  if (!/^\d{1,2}$/.test(step) || Number(step) === 0) return `/${step} is not a step`;
  return Number(step) > to - from ? `/${step} is longer than what it steps through` : undefined;
}

function partProblem(part: string, field: Field): string | undefined {
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0) return `${JSON.stringify(part)} holds two steps`;
  const span = spanOf(range, field);
  return typeof span === "string" ? span : stepProblem(step, range, span);
}

const fieldProblem = (text: string, field: Field): string | undefined =>
  text
    .split(",")
    .map(part => partProblem(part, field))
    .find(problem => problem !== undefined);

/** `0 0 31 2 *` never comes. With a day of the week as well, cron takes either. */
function neverProblem(days: string, months: string, weekdays: string): string | undefined {
  const least = (text: string, field: Field | undefined): readonly number[] =>
    text.split(",").map(part => {
      const span = field ? spanOf(part.split("/")[0] ?? "", field) : "";
      return typeof span === "string" ? 0 : span.from;
    });
  if (weekdays !== "*" || !/^[A-Za-z0-9,]+$/.test(months)) return undefined;
  const firstDay = Math.min(...least(days, FIELDS[2]));
  const longest = Math.max(...least(months, FIELDS[3]).map(month => DAYS_OF_MONTHS[month - 1] ?? 0));
  return firstDay > longest ? `never comes: month ${months} has no day ${days}` : undefined;
}

/** Why cron would not take it, or would never run it; undefined: it is fine. */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.startsWith("@"))
    return NICKNAMES.includes(schedule)
      ? undefined
      : `must be one of ${NICKNAMES.join(", ")}, or five fields`;
  const fields = schedule.split(/[ \t]+/);
  if (fields.length !== FIELDS.length || fields.includes(""))
    return `must have five fields (minute hour day month weekday), and has ${fields.filter(Boolean).length}`;
  for (const [index, field] of FIELDS.entries()) {
    const problem = fieldProblem(fields[index] ?? "", field);
    if (problem !== undefined) return `${field.name}: ${problem}`;
  }
  return neverProblem(fields[2] ?? "", fields[3] ?? "", fields[4] ?? "");
}

const schedule: Rule = value => {
  if (typeof value !== "string") return flaw('must be a text, for example "15 3 * * *"');
  const reason = scheduleProblem(value);
  return reason === undefined ? [] : flaw(reason);
};

/** cron's own limit is 1000; percent signs and backslashes are written as two. */
const MOST_COMMAND = 990;

/** It goes into one line of cron's. */
const command: Rule = value => {
  if (typeof value !== "string" || !/\S/.test(value) || value.includes("\0"))
    return flaw("must be a command");
  if (/[\n\r]/.test(value))
    return flaw("must be one line: cron knows no others; put more into a script (a File)");
  if (/^\s/.test(value)) return flaw("must not begin with a space: cron would leave it out");
  return new TextEncoder().encode(value.replaceAll(/[\\%]/g, "$&$&")).length > MOST_COMMAND
    ? flaw(`is longer than ${MOST_COMMAND} bytes, which cron does not take; put it into a script (a File)`)
    : [];
};

const variable: Rule = value => {
  if (typeof value !== "string" || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(value))
    return flaw("is not a name of letters, digits and _");
  if (value === "LOGNAME") return flaw("is set by cron itself, and cannot be changed");
  if (value === "CRON_TZ") return flaw("is not known to Debian's cron: it would be ignored");
  return [];
};

const setting: Rule = value => {
  if (typeof value !== "string" || /[\n\r\0]/.test(value)) return flaw("must be one line of text");
  if (value.includes('"') && value.includes("'"))
    return flaw("holds both kinds of quotes, which cron cannot write");
  return value.length > 900 ? flaw("is longer than 900 characters, which cron does not take") : [];
};

export const CRON_JOB: Shape = {
  name: required(
    text({
      pattern: /^[A-Za-z0-9_-]+$/,
      most: 255,
      what: "a file name of letters, digits, _ and -: cron reads no other",
    }),
    "the file's name in /etc/cron.d",
  ),
  schedule: required(schedule, 'when it runs, for example "15 3 * * *"'),
  user: required(account, "the user that runs it"),
  command: required(command, "what is run"),
  environment: optional(mapOf(variable, setting, "a map of names to texts")),
  mode: optional(mode),
};
