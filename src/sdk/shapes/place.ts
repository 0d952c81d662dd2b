/** Where a thing on a host is, and whose: the rules that resources share. */
import { flaw, optional, required, text, type Rule, type Shape } from "./shape.ts";

/** PATH_MAX of Linux, with its end mark. */
const MAX_PATH_BYTES = 4095;
/** NAME_MAX of Linux. */
const MAX_NAME_BYTES = 255;

const bytesOf = (value: string): number => new TextEncoder().encode(value).length;

/** `/a//b/../c/` is `/a/c`. */
function shortest(value: string): string {
  const parts: string[] = [];
  for (const part of value.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function pathProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be the absolute path on the host";
  if (!value.startsWith("/")) return `must be absolute, begin with /: ${JSON.stringify(value)}`;
  if (value.includes("\0")) return "must not hold a NUL character";
  if (value === "/") return "cannot be / itself";
  if (value.split("/").includes("..")) return `must not hold "..": ${JSON.stringify(value)}`;
  if (shortest(value) !== value) return `must be in its shortest form: ${shortest(value)}`;
  if (bytesOf(value) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  const long = value.split("/").some(name => bytesOf(name) > MAX_NAME_BYTES);
  return long ? `holds a name longer than ${MAX_NAME_BYTES} bytes` : undefined;
}

/** An absolute path in its shortest form. */
export const path: Rule = value => {
  const reason = pathProblem(value);
  return reason === undefined ? [] : flaw(reason);
};

/** Of what is always asked for together with others: there, lines tell the answers apart. */
export const pathInLine: Rule = (value, isLater) => {
  const flaws = path(value, isLater);
  return flaws.length === 0 && String(value).includes("\n") ? flaw("must not hold a line break") : flaws;
};

export const mode = text({
  pattern: /^0?[0-7]{3,4}$/,
  what: 'a text of octal digits, for example "0644"',
});

/** A user or a group: useradd's names, and the wider ones that directories have. */
export const account = text({
  pattern: /^([A-Za-z0-9_][A-Za-z0-9_.@-]*\$?|\d+)$/,
  what: 'a name or a number as text, for example "root"',
});

/** Shell commands of a person: one line, or a script. */
export const command = text({ pattern: /\S/, what: "a command" });

export const PLACE: Shape = {
  path: required(path, "the absolute path on the host"),
  mode: optional(mode),
  owner: optional(account),
  group: optional(account),
};
