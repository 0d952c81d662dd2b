/** Questions to this machine: entries are looked at here, the rest goes to its shell. */
import { done, type Outcome } from "../outcome.ts";
import { lookAt, readEntry } from "./local-entries.ts";
import { contentsOf } from "./local-trees.ts";
import type { Machine } from "./machine.ts";
import { linesIn, markedLines, type Marks } from "./marked.ts";
import {
  answersOf,
  keyOf,
  MAX_SUMMED_BYTES,
  type Answers,
  type BlockFacts,
  type FactsOf,
  type Question,
} from "./questions.ts";

export type LocalSystem = Pick<Machine, "system" | "ask" | "run">;

export interface LocalAsk {
  /** Undefined: a folder that stands for a host. Of its packages, users and units nothing is known. */
  readonly system: LocalSystem | undefined;
  readonly signal: AbortSignal;
}

type Looked = Outcome<FactsOf[keyof FactsOf] | undefined>;
type AboutFiles = Extract<Question, { readonly path: string }>;
/** Looks at what a path of the host stands for on this machine. */
export type Inside = (path: string, look: (real: string) => Promise<Looked>) => Promise<Looked>;

const isAboutFiles = (question: Question): question is AboutFiles => "path" in question;

async function blockIn(real: string, marks: Marks): Promise<Outcome<BlockFacts | undefined>> {
  const entry = await readEntry(real, MAX_SUMMED_BYTES);
  if (!entry.ok) return entry;
  const text = entry.value?.content?.toString("utf8");
  return done(text === undefined ? undefined : { lines: markedLines(linesIn(text), marks) });
}

function lookFor(question: AboutFiles, real: string): Promise<Looked> {
  switch (question.about) {
    case "entry":
      return lookAt(real);
    case "contents":
      return contentsOf(real);
    case "block":
      return blockIn(real, question);
  }
}

export async function askLocal(
  questions: readonly Question[],
  inside: Inside,
  { system, signal }: LocalAsk,
): Promise<Outcome<Answers>> {
  const facts = new Map<string, FactsOf[keyof FactsOf]>();
  for (const question of questions) {
    if (!isAboutFiles(question)) continue;
    const looked = await inside(question.path, real => lookFor(question, real));
    if (!looked.ok) return looked;
    if (looked.value) facts.set(keyOf(question), looked.value);
  }
  const others = questions.filter(question => !isAboutFiles(question));
  if (!system || others.length === 0) return done(answersOf(facts, system !== undefined));
  const told = await system.ask(others, signal);
  if (!told.ok) return told;
  for (const question of others) {
    const found = told.value.get(question);
    if (found) facts.set(keyOf(question), found);
  }
  return done(answersOf(facts, true));
}
