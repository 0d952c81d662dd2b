/** Questions to one host travel together: those that come at the same time share one script. */
import { done, trouble, type Outcome } from "../outcome.ts";
import { batchOf, type BatchAnswer } from "./batch.ts";
import { insideOf } from "./inside.ts";
import { answersOf, keyOf, type Answers, type EntryFacts, type FactsOf, type Question } from "./questions.ts";

export interface Asking {
  /** Runs a script on the host, and answers what it wrote to its standard output. */
  readonly run: (script: string) => Promise<Outcome<Buffer>>;
}

export interface Asker {
  /** Questions may come more than once; each is asked once. Trouble where one of them could not be answered. */
  ask(questions: readonly Question[], signal: AbortSignal): Promise<Outcome<Answers>>;
}

/** The engine's reads of a refresh come within this. */
const GATHER_MS = 2;
/** Of one script's questions: half of the longest word that a command line may hold. */
const MOST_BYTES = 64 * 1024;

/** Pieces whose questions fit into a script. */
function pieces(questions: readonly Question[]): readonly (readonly Question[])[] {
  const all: Question[][] = [];
  let room = 0;
  for (const question of questions) {
    const size = Buffer.byteLength(keyOf(question));
    if (size > room || all.length === 0) {
      all.push([]);
      room = MOST_BYTES;
    }
    all.at(-1)?.push(question);
    room -= size;
  }
  return all;
}

async function askPiece(questions: readonly Question[], { run }: Asking): Promise<Outcome<BatchAnswer>> {
  if (questions.length === 0) return done({ facts: new Map(), problems: new Map() });
  const batch = batchOf(questions);
  const said = await run(batch.script);
  if (!said.ok) return said;
  const answer = batch.parse(said.value);
  return answer ? done(answer) : trouble("failed", "the host's answer was cut short");
}

function entriesIn(questions: readonly Question[], { facts }: BatchAnswer): ReadonlyMap<string, EntryFacts> {
  const { get } = answersOf(facts, true);
  return new Map(
    questions.flatMap(question => {
      const entry = question.about === "entry" ? get(question) : undefined;
      return question.about === "entry" && entry ? [[question.path, entry] as const] : [];
    }),
  );
}

/** Two steps: everything, and then what is inside of the files and links among it. */
async function askAll(questions: readonly Question[], asking: Asking): Promise<Outcome<BatchAnswer>> {
  const first = await askPiece(questions, asking);
  if (!first.ok) return first;
  const inside = insideOf(entriesIn(questions, first.value));
  const second = await askPiece(inside.questions, asking);
  if (!second.ok) return second;
  const { get } = answersOf(second.value.facts, true);
  const completed = inside.complete(question => get(question)?.output ?? "");
  const facts = new Map<string, FactsOf[keyof FactsOf]>(first.value.facts);
  for (const [path, entry] of completed) facts.set(keyOf({ about: "entry", path }), entry);
  return done({ facts, problems: first.value.problems });
}

interface Waiter {
  readonly questions: readonly Question[];
  readonly resolve: (outcome: Outcome<Answers>) => void;
}

type Told = ReadonlyMap<string, Outcome<BatchAnswer>>;

/** Where something went wrong with a subject, each of its questions is asked alone: only those are to fail that must. */
async function askPart(piece: readonly Question[], asking: Asking): Promise<Told> {
  const answer = await askAll(piece, asking);
  const told = new Map(piece.map(question => [keyOf(question), answer]));
  if (!answer.ok || piece.length === 1) return told;
  for (const question of piece)
    if (answer.value.problems.has(question.about))
      told.set(keyOf(question), await askAll([question], asking));
  return told;
}

function answerTo(questions: readonly Question[], told: Told): Outcome<Answers> {
  const facts = new Map<string, FactsOf[keyof FactsOf]>();
  for (const question of questions) {
    const key = keyOf(question);
    const answer = told.get(key);
    if (!answer) return trouble("failed", "a question was not asked");
    if (!answer.ok) return answer;
    const problem = answer.value.problems.get(question.about);
    if (problem !== undefined) return trouble("failed", problem);
    const found = answer.value.facts.get(key);
    if (found) facts.set(key, found);
  }
  return done(answersOf(facts, true));
}

/** In what is asked for together with others: there, lines tell the answers apart. */
export const hasLineEnd = (question: Question): boolean =>
  "name" in question
    ? question.name.includes("\n")
    : question.about === "entry" && question.path.includes("\n");

/** Who waits, until it is answered or its signal fires. */
function waiterFor(
  questions: readonly Question[],
  signal: AbortSignal,
): Waiter & { readonly promise: Promise<Outcome<Answers>> } {
  const { promise, resolve } = Promise.withResolvers<Outcome<Answers>>();
  const leave = (): void => resolve(trouble("cancelled", "cancelled while the host was asked"));
  signal.addEventListener("abort", leave, { once: true });
  const finish = (outcome: Outcome<Answers>): void => {
    signal.removeEventListener("abort", leave);
    resolve(outcome);
  };
  return { questions, promise, resolve: finish };
}

export function createAsker(asking: Asking): Asker {
  let waiting: Waiter[] = [];
  let busy = false;

  async function serve(): Promise<void> {
    const now = waiting;
    waiting = [];
    const asked = new Map(now.flatMap(({ questions }) => questions.map(one => [keyOf(one), one] as const)));
    const told = new Map<string, Outcome<BatchAnswer>>();
    for (const piece of pieces([...asked.values()]))
      for (const [key, answer] of await askPart(piece, asking)) told.set(key, answer);
    for (const { questions, resolve } of now) resolve(answerTo(questions, told));
  }

  /** While one batch is under way, the next gathers. */
  async function serveAll(): Promise<void> {
    if (busy) return;
    busy = true;
    await new Promise(resolve => setTimeout(resolve, GATHER_MS));
    while (waiting.length > 0) await serve();
    busy = false;
  }

  return {
    async ask(questions, signal) {
      if (signal.aborted) return trouble("cancelled", "cancelled before it began");
      if (questions.some(hasLineEnd))
        return trouble("refused", "a name with a line break cannot be asked for");
      const waiter = waiterFor(questions, signal);
      waiting.push(waiter);
      void serveAll();
      return waiter.promise;
    },
  };
}
