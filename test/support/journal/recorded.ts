/**
 * A few generated journals with the oracle's answers, for machines without Go. Made anew by
 * `HOLDFAST_RECORD_JOURNALS=1 node --test test/unit/backend/journal-replay.test.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { engineJournals, wildJournals } from "./arbitrary.ts";
import { TIME } from "./compare.ts";
import type { Answer, Case, Oracle } from "./oracle.ts";

export interface Recorded extends Case {
  readonly answer: Answer;
}

const file = path.resolve(import.meta.dirname, "../../fixtures/journals/recorded.jsonl");
/** Of each kind; small ones, so that the file stays small. */
const COUNT = 15;
const MAX_CHARACTERS = 6_000;
const SEED = 4;

export const readRecorded = (): readonly Recorded[] =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Recorded);

export async function record(oracle: Extract<Oracle, { skip: false }>): Promise<void> {
  const lines: string[] = [];
  for (const kind of [engineJournals, wildJournals]) {
    const found: string[] = [];
    for (const one of fc.sample(kind, { numRuns: COUNT * 20, seed: SEED })) {
      const answer = await oracle.ask(one);
      const text = JSON.stringify({ ...one, answer });
      const fits = one.entries.length > 3 && text.length < MAX_CHARACTERS && answer.error === undefined;
      if (fits && found.length < COUNT) found.push(text.replaceAll(/"time":"2[^"]*"/g, `"time":"${TIME}"`));
    }
    lines.push(...found);
  }
  writeFileSync(file, `${lines.join("\n")}\n`);
}
