/** What shows that something works after a change: a request, or a command. */
import { command } from "./place.ts";
import { flaw, object, optional, text, type Rule } from "./shape.ts";

/** An hour: whoever needs longer has no health check. */
const MOST_SECONDS = 3600;

/** `30s`, `2m`; undefined: neither. */
export function secondsOf(value: unknown): number | undefined {
  const [, digits, unit] = (typeof value === "string" && /^(\d{1,4})(s|m)$/.exec(value)) || [];
  return digits === undefined ? undefined : Number(digits) * (unit === "m" ? 60 : 1);
}

const within: Rule = value => {
  const seconds = secondsOf(value);
  if (seconds !== undefined && seconds >= 1 && seconds <= MOST_SECONDS) return [];
  return flaw('must be a time from "1s" to "60m", for example "30s"');
};

/** No spaces and quotes: it travels as one word, and is written into logs. */
export const webAddress = text({
  pattern: /^https?:\/\/[^\s"'<>\\^`{|}/]+(\/[^\s"'<>\\^`{|}]*)?$/,
  what: 'an address such as "http://127.0.0.1:8080/healthz"',
  most: 2000,
});

const parts = object(
  { url: optional(webAddress), command: optional(command), within: optional(within) },
  "an object with url or command, and within",
);

export const health: Rule = (value, isLater) => {
  const flaws = parts(value, isLater);
  if (flaws.length > 0) return flaws;
  const { url, command: own } = value as Readonly<Record<string, unknown>>;
  if (url === undefined && own === undefined) return flaw("must say a url or a command");
  return url !== undefined && own !== undefined ? flaw("has both url and command; one is enough") : [];
};
