/** The text of an authorized_keys file, line by line as sshd reads it. Pure; texts are bytes, each one a character. */
import { createHash } from "node:crypto";

export interface KeyLine {
  /** As they stand there, with commas between. */
  readonly options: string;
  /** Type and blob. */
  readonly key: string;
  readonly comment: string;
}

const KEY = /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/=]+)(?:[ \t]+(.*))?$/;

/** Where options end: at the first blank outside of quotes. */
function endOfOptions(line: string): number {
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === "\\" && line.charAt(at + 1) === '"') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === " " || char === "\t")) return at;
  }
  return line.length;
}

/** Undefined: a comment, an empty line, or nothing that sshd would understand. */
export function parseLine(line: string): KeyLine | undefined {
  const text = line.trim();
  if (text.startsWith("#")) return undefined;
  const end = KEY.test(text) ? 0 : endOfOptions(text);
  const [, type, blob, comment = ""] = KEY.exec(text.slice(end).trimStart()) ?? [];
  if (type === undefined || blob === undefined) return undefined;
  return { options: text.slice(0, end), key: `${type} ${blob}`, comment };
}

/** At commas outside of quotes. */
export const splitOptions = (options: string): readonly string[] =>
  options.match(/(?:[^,"\\]|\\"?|"(?:\\"|[^"])*"?)+/g) ?? [];

const writeLine = ({ options, key, comment }: KeyLine): string =>
  [options, key, comment].filter(part => part !== "").join(" ");

const isOf =
  (key: string) =>
  (line: string): boolean =>
    parseLine(line)?.key === key;

export const linesOfKey = (text: string, key: string): readonly KeyLine[] =>
  text.split("\n").flatMap(line => {
    const parsed = parseLine(line);
    return parsed?.key === key ? [parsed] : [];
  });

export const allLines = (text: string): readonly KeyLine[] =>
  text.split("\n").flatMap(line => parseLine(line) ?? []);

/** With the line in the place of the first one of its key, and none more of it; otherwise at the end. */
export function withLine(text: string, line: KeyLine): string {
  const all = text.split("\n");
  const first = all.findIndex(isOf(line.key));
  if (first < 0) return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${writeLine(line)}\n`;
  return all
    .map((one, index) => (index === first ? writeLine(line) : one))
    .filter((one, index) => index <= first || !isOf(line.key)(one))
    .join("\n");
}

export const withoutKey = (text: string, key: string): string =>
  text
    .split("\n")
    .filter(line => !isOf(key)(line))
    .join("\n");

/** As `ssh-keygen -l` shows it. */
export const fingerprintOf = (key: string): string =>
  `SHA256:${createHash("sha256")
    .update(Buffer.from(key.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replaceAll("=", "")}`;
