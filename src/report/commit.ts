/** Commits, for people. */
import type { Revision } from "../engine/ports/source.ts";
import { plainLine } from "./plain-text.ts";

/** Enough to be unique in repositories of any size that we know. */
const SHORT = 8;

export const shortSha = (sha: string): string => sha.slice(0, SHORT);

/** `1a2b3c4d Sam: hosts: add motd` */
export const commitLine = (revision: Revision): string =>
  `${shortSha(revision.sha)} ${plainLine(revision.author)}: ${plainLine(revision.subject)}`;
