/** A commit's description, from `git log`. Author and subject are what anybody could write. */
import type { Revision } from "../engine/ports/source.ts";
import { cleanLine } from "./untrusted-text.ts";

/** Object id, commit time in seconds, author's name, subject; with NUL between, which none of them can hold. */
export const LOG_FORMAT = "--format=%H%x00%ct%x00%an%x00%s";

const MAX_AUTHOR = 80;

export function parseRevision(output: string): Revision | undefined {
  const [sha, seconds, author, subject] = output.replace(/\n$/, "").split("\0");
  if (sha === undefined || seconds === undefined || author === undefined || subject === undefined)
    return undefined;
  const time = Number(seconds) * 1000;
  return { sha, author: cleanLine(author, MAX_AUTHOR), subject: cleanLine(subject), time };
}
