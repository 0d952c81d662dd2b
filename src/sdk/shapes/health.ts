/** What shows that something works after a change: a request, or a command. */
import { command } from "./place.ts";
import { flaw, object, optional, text, whole, type Rule } from "./shape.ts";

/** An hour: whoever needs longer has no health check. */
const MOST_SECONDS = 3600;

/** No spaces and quotes: it travels as one word, and is written into logs. */
export const webAddress = text({
  pattern: /^https?:\/\/[^\s"'<>\\^`{|}/]+(\/[^\s"'<>\\^`{|}]*)?$/,
  what: 'an address such as "http://127.0.0.1:8080/healthz"',
  most: 2000,
});

const parts = object(
  { url: optional(webAddress), command: optional(command), within: optional(whole(1, MOST_SECONDS)) },
  "an object with url or command, and within",
);

export const health: Rule = (value, isLater) => {
  const flaws = parts(value, isLater);
  if (flaws.length > 0) return flaws;
  const { url, command: own } = value as Readonly<Record<string, unknown>>;
  if (url === undefined && own === undefined) return flaw("must say a url or a command");
  return url !== undefined && own !== undefined ? flaw("has both url and command; one is enough") : [];
};
