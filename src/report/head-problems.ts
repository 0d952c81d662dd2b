/** What of the newest commit cannot be read, for people. */
import type { Problem } from "../engine/failure.ts";
import type { Revision } from "../engine/ports/source.ts";
import { shortSha } from "./commit.ts";
import { FIX_AND_COMMIT, problemLine } from "./messages/message.ts";

/** One paragraph, or none. */
export function problemsText(problems: readonly Problem[] = [], head?: Revision): readonly string[] {
  if (problems.length === 0) return [];
  const of = head ? `Part of commit ${shortSha(head.sha)}` : "Part of the commit";
  const lines = problems.flatMap(problem => problemLine(problem).split("\n")).map(line => `  ${line}`);
  return [
    [
      `${of} cannot be read; the stacks that it concerns stay as they are, the others go on`,
      ...lines,
      FIX_AND_COMMIT,
    ].join("\n"),
  ];
}
