/** Which revision may be deployed: the rules of docs/revisions.md as one pure function. */
import { fail, ok, type Result } from "./failure.ts";
import type { Ancestry } from "./ports/source.ts";

export interface RevisionQuestion {
  /** The watched branch; for the message. */
  readonly branch: string;
  /** Full object id of the last deployed commit; undefined before the first deployment. */
  readonly deployed?: string;
  /** Full object id of the branch's head; undefined where the branch, or any commit, is missing. */
  readonly head?: string;
  /** How `head` stands to `deployed`, as Source.ancestry says; needed where both are known and differ. */
  readonly ancestry?: Ancestry;
  /**
   * Full object id that a person named with `--accept-rewrite`. The caller forgets it once a revision that was chosen
   * by it is deployed: an acceptance that stayed would let the next rewrite back to it through.
   */
  readonly acceptedRewrite?: string;
  /** How `head` stands to `acceptedRewrite`; without it only the accepted commit itself is let through. */
  readonly acceptedAncestry?: Ancestry;
}

/** The revision to work with, and which rule led to it. */
export interface RevisionChoice {
  readonly sha: string;
  readonly rule: "first" | "unchanged" | "forward" | "accepted-rewrite";
}

/**
 * Fast-forward only: the branch's head, if the last deployed commit is one of its ancestors. Anything else needs a
 * person: `--accept-rewrite SHA` releases the head SHA and what is built on top of it, and no other history.
 * Failures: branch-missing, history-rewritten. What was not asked about counts as rewritten.
 */
export function chooseRevision(question: RevisionQuestion): Result<RevisionChoice> {
  const { branch, deployed, head, ancestry } = question;
  if (head === undefined) return fail({ kind: "stalled", reason: "branch-missing", branch });
  if (deployed === undefined) return ok({ sha: head, rule: "first" });
  if (deployed === head || ancestry === "same") return ok({ sha: head, rule: "unchanged" });
  if (ancestry === "descendant") return ok({ sha: head, rule: "forward" });
  if (isAccepted(question, head)) return ok({ sha: head, rule: "accepted-rewrite" });
  return fail({ kind: "stalled", reason: "history-rewritten", deployed, head });
}

function isAccepted(question: RevisionQuestion, head: string): boolean {
  const { acceptedRewrite, acceptedAncestry } = question;
  if (acceptedRewrite === undefined) return false;
  return acceptedRewrite === head || acceptedAncestry === "same" || acceptedAncestry === "descendant";
}
