/** The forms in which a value may show up in a text. */

/** Shorter values are words of every text; masking them would hide the log and tell the value by its absence. */
export const MIN_SECRET = 6;

/** Lines of a multi-line value that are this long are secrets of their own; shorter ones are `}` and `server {`. */
const MIN_LINE = 12;
const BANNER = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;

function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const standard = bytes.toString("base64");
  const urlSafe = bytes.toString("base64url");
  const padding = standard.slice(standard.replace(/=+$/, "").length);
  return [standard, standard.replace(/=+$/, ""), urlSafe, urlSafe + padding];
}

/** JSON as JavaScript writes it, and as Go does (`<`, `>`, `&` escaped), once and twice: a log line often holds JSON in JSON. */
function jsonForms(value: string): string[] {
  const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
  const go = (text: string): string =>
    inner(text).replace(
      /[<>&\u2028\u2029]/g,
      char => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  return [inner(value), go(value), inner(inner(value))];
}

function urlForms(value: string): string[] {
  const bytes = [...Buffer.from(value)];
  const percent = (safe: RegExp): string =>
    bytes
      .map(byte => {
        const char = String.fromCharCode(byte);
        return safe.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      })
      .join("");
  // encodeURIComponent's set, RFC 3986's, and a form's with + for a space.
  const component = percent(/[A-Za-z0-9\-_.!~*'()]/);
  const strict = percent(/[A-Za-z0-9\-_.~]/);
  return [
    component,
    strict,
    strict.replaceAll("%20", "+"),
    strict.replace(/%[0-9A-F]{2}/g, code => code.toLowerCase()),
  ];
}

/** As people and programs quote it for a shell: inside of '…' (two ways), inside of "…", and with backslashes (bash's %q). */
function shellForms(value: string): string[] {
  return [
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", `'"'"'`),
    value.replace(/[\\"$`]/g, "\\$&"),
    value.replace(/[^A-Za-z0-9_@%+=:,./-]/g, "\\$&"),
  ];
}

function linesOf(value: string): string[] {
  if (!value.includes("\n")) return [];
  return value
    .split("\n")
    .map(line => line.trim())
    .filter(line => line.length >= MIN_LINE && !BANNER.test(line));
}

/** The value itself, its encodings, and those of its lines; also without the line end that files have. */
export function formsOf(value: string): ReadonlySet<string> {
  const trimmed = value.trim();
  const texts = [value, trimmed, ...linesOf(value)].filter(text => text.trim().length >= MIN_SECRET);
  const encodings = [base64Forms, jsonForms, urlForms, shellForms];
  return new Set(texts.flatMap(text => [text, ...encodings.flatMap(forms => forms(text))]));
}
