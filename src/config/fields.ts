/** Kinds of values that holdfast.yaml is made of. Messages say what to write. */
import { z } from "zod";
import { DURATION_PATTERN, parseDuration, writeDuration } from "./duration.ts";

/** Above this Node's timers overflow (2^31 - 1 ms) and fire at once. */
const LONGEST_MS = 7 * 86_400_000;

/** A duration between two bounds (milliseconds, inclusive); comes out in milliseconds. */
export function duration(least: number, most = LONGEST_MS) {
  const error = 'write a duration with its unit, such as "30s", "10m" or "1h30m"';
  return z
    .string({ error })
    .regex(DURATION_PATTERN, { error, abort: true })
    .transform((text, context) => {
      const ms = parseDuration(text) ?? 0;
      if (ms >= least && ms <= most) return ms;
      const message = `${text} is out of range: from ${writeDuration(least)} to ${writeDuration(most)}`;
      context.issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    });
}

/** A duration as above, or `off`. */
export const durationOrOff = (least: number) =>
  z.union([z.literal("off"), duration(least)], {
    error: 'write a duration with its unit, such as "30s", or "off"',
  });

/** A path below the repository's root. */
export const relativePath = z
  .string()
  .min(1, "write a path, from the root of the repository on")
  .max(1000)
  .refine(text => !text.startsWith("/") && !text.includes("\\") && !text.split("/").includes(".."), {
    error: 'write a path from the root of the repository on, with "/", and without ".."',
  });

const isZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
};

export const timeZone = z.string().refine(isZone, {
  error: issue =>
    `"${String(issue.input)}" is no IANA time zone; they are written like Europe/Berlin or America/New_York`,
});

const DAY = "(Sun|Mon|Tue|Wed|Thu|Fri|Sat)";
const TIME = "([01]\\d|2[0-3]):[0-5]\\d";
const WINDOW = new RegExp(`^(${DAY}(-${DAY})? )?${TIME}-(${TIME}|24:00)$`);

export const windowTimes = z.string().regex(WINDOW, {
  error: 'write days and times, such as "Mon-Fri 08:00-17:00", "Sat 22:00-04:00" or "08:00-17:00"',
});

const isDate = (text: string): boolean => {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
};

export const date = z
  .string({ error: "write a date, such as 2027-01-01" })
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: "write a date, such as 2027-01-01", abort: true })
  .refine(isDate, { error: issue => `${String(issue.input)} is not a day of the calendar` });

/** Names that would change what holdfast's own processes do, or lead them to code of somebody else. */
const FORBIDDEN_ENV =
  /^(PULUMI_.*|HOLDFAST_.*|SOPS_.*|NODE_OPTIONS|NODE_PATH|NODE_REPL_.*|NODE_EXTRA_CA_CERTS|LD_.*|DYLD_.*|GIT_.*|NPM_CONFIG_.*|BASH_ENV|ENV|IFS|SHELLOPTS|PATH|HOME|TMPDIR)$/i;

export const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "not a name of an environment variable", abort: true })
  .refine(name => !FORBIDDEN_ENV.test(name), {
    error: "holdfast sets this environment variable itself, or it would change how its own processes run",
  });

export const environmentValue = z
  .string({ error: "write text; put numbers, true and false in quotes" })
  .max(32_768)
  .refine(text => !text.includes("\0"), { error: "a NUL character cannot be in an environment variable" });
