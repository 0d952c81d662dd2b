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
  const found = new Map<string, string[]>();
  let open: string[] | undefined;
  let inCode = false;
  for (const line of text.split("\n")) {
    if (/^ *```/.test(line)) inCode = !inCode;
    const [, marks = "", title = ""] = (inCode ? undefined : /^(#{1,6}) (.+)$/.exec(line)) ?? [];
    if (marks === "" || marks.length > level) open?.push(line);
    else if (marks.length < level) open = undefined;
    else found.set(title.trim(), (open = []));
  }
  return new Map([...found].map(([title, lines]) => [title, lines.join("\n")]));
}
