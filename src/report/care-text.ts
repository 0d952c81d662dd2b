/** What a person should know of the backups; nothing where all is well. */
import type { CareFacts } from "../engine/ports/care.ts";
import { ago } from "./age.ts";
import { plainLine } from "./plain-text.ts";

/** Paragraphs for the end of `holdfast status`. */
export function careText({ backups }: CareFacts, now: number): readonly string[] {
  const { failure, last } = backups;
  if (!failure) return [];
  const good = last ? `the last good one is of ${ago(last.at, now)}` : "there is none";
  const hint = failure.hint === undefined ? [] : [plainLine(failure.hint)];
  return [[`Backups fail: ${good}`, `  ${plainLine(failure.why)}`, ...hint].join("\n")];
}
