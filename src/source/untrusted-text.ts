/** Text that others wrote (authors, subjects, paths, what a server says), made fit for logs and terminals. */

// Control characters, line separators, and what turns the reading direction around or hides text.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;
/** A line that a person reads; a longer one is a mistake or an attack. */
export const MAX_LINE = 200;

/** One line without control characters, at most `max` characters (with "…" where it was longer). */
export function cleanLine(text: string, max = MAX_LINE): string {
  const line = text.replace(UNSAFE, " ").trim();
  const characters = [...line.slice(0, 2 * max + 2)];
  return characters.length <= max ? line : `${characters.slice(0, max - 1).join("")}…`;
}

const URL_LOGIN = /([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/gi;

/** Takes out logins in URLs and each of the given secrets, also as they stand in a URL. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap(secret => [secret, encodeURIComponent(secret)]).filter(form => form !== "");
  const without = forms.reduce((seen, form) => seen.replaceAll(form, "[secret]"), text);
  return without.replace(URL_LOGIN, "$1[login]@");
}
