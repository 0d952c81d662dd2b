/** The Markdown pages of this repository, as tests of the documentation see them. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");

export const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** Relative to the root. */
export const pages: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  ...globSync("docs/**/*.md", { cwd: root }).sort(),
];

/** Without code blocks and spans, where nothing is a link or a heading. */
export const withoutCode = (text: string): string =>
  text.replace(/^ *```[\s\S]*?^ *```$/gm, "").replace(/`[^`\n]*`/g, code => "x".repeat(code.length));

/** Title of each heading of this level, and the text below it up to the next of this level or above. */
export function sections(text: string, level: number): ReadonlyMap<string, string> {
  const marks = "#".repeat(level);
  const parts = text
    .split(new RegExp(`^(?=#{1,${level}} )`, "m"))
    .filter(part => part.startsWith(`${marks} `));
  return new Map(
    parts.map(part => {
      const end = part.indexOf("\n");
      return [part.slice(level + 1, end < 0 ? undefined : end).trim(), end < 0 ? "" : part.slice(end + 1)];
    }),
  );
}
