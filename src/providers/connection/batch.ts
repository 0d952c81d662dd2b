/** Many questions to a host as one script, and its answer taken apart. Pure. */
import { keyOf, type FactsOf, type Question } from "./questions.ts";
import { subjects, type About, type Of } from "./subjects.ts";

export interface BatchAnswer {
  /** By `keyOf`; what is not there is left out. */
  readonly facts: ReadonlyMap<string, FactsOf[About]>;
  /** What went wrong as a whole, by subject. */
  readonly problems: ReadonlyMap<About, string>;
}

export interface Batch {
  readonly script: string;
  /** Undefined: the answer is not whole. */
  parse(stdout: Buffer): BatchAnswer | undefined;
}

/** Sections are told apart by their lengths, not by what is in them. The loop sets LC_ALL=C: lengths are bytes. */
const PROLOGUE = 'answer() { printf "%s\\n%s" "${#1}" "$1"; }';

/** Subjects whose questions have a section each. */
const ALONE: ReadonlySet<About> = new Set(["contents", "block", "script"]);

interface Part {
  readonly about: About;
  readonly script: string;
  readonly parse: (output: string) => readonly (readonly [Question, FactsOf[About]])[] | string;
}

function part<K extends About>(about: K, list: readonly Of<K>[]): Part {
  const subject = subjects[about];
  return { about, script: subject.script(list), parse: output => subject.parse(output, list) };
}

function partsOf<K extends About>(about: K, questions: readonly Question[]): readonly Part[] {
  const list = questions.filter((question): question is Of<K> => question.about === about);
  if (ALONE.has(about)) return list.map(one => part(about, [one]));
  return list.length === 0 ? [] : [part(about, list)];
}

/** Undefined: there are not so many, or the last is cut short. */
function readSections(bytes: Buffer, count: number): readonly string[] | undefined {
  const sections: string[] = [];
  let at = 0;
  while (sections.length < count) {
    const end = bytes.indexOf(0x0a, at);
    const length = end < 0 ? Number.NaN : Number(bytes.subarray(at, end).toString("latin1"));
    if (!Number.isInteger(length) || end + 1 + length > bytes.length) return undefined;
    sections.push(bytes.subarray(end + 1, end + 1 + length).toString("utf8"));
    at = end + 1 + length;
  }
  return sections;
}

/** Each question is asked once. */
export function batchOf(questions: readonly Question[]): Batch {
  const parts = Object.keys(subjects).flatMap(about => partsOf(about as About, questions));
  return {
    script: [PROLOGUE, ...parts.map(({ script }) => `answer "$( ${script})"`), ":"].join("\n"),
    parse(stdout) {
      const sections = readSections(stdout, parts.length);
      if (!sections) return undefined;
      const facts = new Map<string, FactsOf[About]>();
      const problems = new Map<About, string>();
      parts.forEach(({ about, parse }, index) => {
        const found = parse(sections[index] ?? "");
        if (typeof found === "string") problems.set(about, found);
        else for (const [question, fact] of found) facts.set(keyOf(question), fact);
      });
      return { facts, problems };
    },
  };
}
