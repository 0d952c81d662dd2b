/** What is in files, and where links lead: the second step of looking at entries. */
import { MAX_SUMMED_BYTES, type EntryFacts, type Question } from "./questions.ts";
import { word } from "./shell-loop.ts";

type ScriptQuestion = Extract<Question, { readonly about: "script" }>;
export type Entries = ReadonlyMap<string, EntryFacts>;

/** A pipe would make a checksum wait for ever, so that only what was seen to be a file is summed. */
const isSummed = ({ kind, size }: EntryFacts): boolean => kind === "file" && size <= MAX_SUMMED_BYTES;

/** Zero bytes end the lines, so that names are not escaped; `$()` would lose them. */
const sumsOf = (paths: readonly string[]): ScriptQuestion => ({
  about: "script",
  script: `sha256sum -z -- ${paths.map(word).join(" ")} 2>/dev/null | tr '\\000' '\\n'`,
});
const targetOf = (path: string): ScriptQuestion => ({
  about: "script",
  script: `readlink -n -- ${word(path)}`,
});

export interface Inside {
  readonly questions: readonly ScriptQuestion[];
  /** `said`: what each question's script wrote. */
  complete(said: (question: ScriptQuestion) => string): Entries;
}

/** `entries`: by path. */
export function insideOf(entries: Entries): Inside {
  const files = [...entries].filter(([, facts]) => isSummed(facts)).map(([path]) => path);
  const links = [...entries].filter(([, { kind }]) => kind === "symlink").map(([path]) => path);
  const sums = files.length === 0 ? [] : [sumsOf(files)];
  return {
    questions: [...sums, ...links.map(targetOf)],
    complete(said) {
      const lines = sums.flatMap(question => said(question).split("\n"));
      // 64 digits, two spaces, the name.
      const checksums = new Map(lines.map(line => [line.slice(66), line.slice(0, 64)]));
      const inside = ([path, facts]: readonly [string, EntryFacts]): readonly [string, EntryFacts] => {
        const checksum = isSummed(facts) ? checksums.get(path) : undefined;
        const target = facts.kind === "symlink" ? said(targetOf(path)) : undefined;
        return [
          path,
          { ...facts, ...(checksum !== undefined && { checksum }), ...(target !== undefined && { target }) },
        ];
      };
      return new Map([...entries].map(inside));
    },
  };
}
