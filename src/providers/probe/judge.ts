/** What a host's answers say about resources, and how the same answers are known again without keeping them. Pure. */
import { createHash } from "node:crypto";
import type { Difference } from "../../engine/ports/probe.ts";
import type { Answers, Question } from "../connection/questions.ts";
import type { Watched } from "./watches.ts";

/** Questions with the answers that they got, and whom they are about, as far as that is known. */
export interface Answered {
  readonly questions: readonly Question[];
  readonly watches: readonly Watched[];
  readonly answers: Answers;
}

/**
 * Tells answers from others. Salted: checksums are among them, and that of a short secret gives it away to whoever can
 * guess.
 */
export function printOf(answered: readonly Answered[], salt: Buffer): string {
  const facts = answered.flatMap(({ questions, answers }) => [
    answers.system,
    ...questions.map(question => answers.get(question) ?? null),
  ]);
  return createHash("sha256").update(salt).update(JSON.stringify(facts)).digest("base64");
}

/** A family that throws is a bug of ours, told to `onBug`; its resource is left to the scheduled check. */
export function differencesIn(
  { watches, answers }: Answered,
  onBug: (error: unknown) => void,
): readonly Difference[] {
  return watches.flatMap(({ urn, watch }) => {
    try {
      const paths = watch.differences(answers);
      return paths.length === 0 ? [] : [{ urn, paths }];
    } catch (error) {
      onBug(error);
      return [];
    }
  });
}
