/** Questions to this machine: entries are looked at here, the rest goes to its shell. */
import { done, type Outcome } from "../outcome.ts";
import type { Machine } from "./machine.ts";
import { answersOf, keyOf, type Answers, type EntryFacts, type FactsOf, type Question } from "./questions.ts";

export type LocalSystem = Pick<Machine, "system" | "ask" | "run">;

export interface LocalAsk {
  /** Undefined: a folder that stands for a host. Of its packages, users and units nothing is known. */
  readonly system: LocalSystem | undefined;
  readonly signal: AbortSignal;
}

export async function askLocal(
  questions: readonly Question[],
  look: (path: string) => Promise<Outcome<EntryFacts | undefined>>,
  { system, signal }: LocalAsk,
): Promise<Outcome<Answers>> {
  const facts = new Map<string, FactsOf[keyof FactsOf]>();
  for (const question of questions) {
    if (question.about !== "entry") continue;
    const looked = await look(question.path);
    if (!looked.ok) return looked;
    if (looked.value) facts.set(keyOf(question), looked.value);
  }
  const others = questions.filter(({ about }) => about !== "entry");
  if (!system || others.length === 0) return done(answersOf(facts, system !== undefined));
  const told = await system.ask(others, signal);
  if (!told.ok) return told;
  for (const question of others) {
    const found = told.value.get(question);
    if (found) facts.set(keyOf(question), found);
  }
  return done(answersOf(facts, true));
}
