/** A commit's description, from `git log`. Author and subject are what anybody could write. */
import type { Revision } from "../engine/ports/source.ts";
import { cleanLine } from "./untrusted-text.ts";

/** Object id, parents, commit time in seconds, author's name, subject; with NUL between, which none of them can hold. */
export const LOG_FORMAT = "--format=%H%x00%P%x00%ct%x00%an%x00%s";

const MAX_AUTHOR = 80;

/** A commit and the object ids of its parents. */
export interface Described {
  readonly revision: Revision;
  readonly parents: readonly string[];
}

export function parseRevision(output: string): Described | undefined {
  const [sha, parents, seconds, author, subject] = output.replace(/\n$/, "").split("\0");
  if (sha === undefined || parents === undefined || seconds === undefined) return undefined;
  if (author === undefined || subject === undefined) return undefined;
  const time = Number(seconds) * 1000;
  const revision = { sha, author: cleanLine(author, MAX_AUTHOR), subject: cleanLine(subject), time };
  return { revision, parents: parents.split(" ").filter(parent => parent !== "") };
}
