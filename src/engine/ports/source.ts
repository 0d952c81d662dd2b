/** The watched repository. */
import type { Result } from "../failure.ts";
import type { LeftOut } from "./stack.ts";

export interface Revision {
  /** Full object id. */
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  /** Commit time, milliseconds since the epoch. */
  readonly time: number;
}

/** A read-only tree of one revision, shared by all who hold it; removed some time after the last release. */
export interface Checkout {
  readonly revision: Revision;
  /** Absolute folder. */
  readonly root: string;
  /** What was not written because it could not be safely. */
  readonly leftOut?: readonly LeftOut[];
  release(): void;
}

/** How `head` stands to `base` in the commit graph. */
export type Ancestry = "same" | "descendant" | "rewritten";

/** Commits that are to be judged, by full object ids. */
export interface SignedRange {
  readonly head: string;
  /** Deployed or judged before: neither these nor what is behind them is judged again. */
  readonly known: readonly string[];
  /** Where `head` shares no commit with any of `known`: the commit to begin with. Default: `head`, alone. */
  readonly first?: string;
}

/** Who may sign commits, and whether they did. */
export interface Signatures {
  /** Names the keys that are allowed now: another text where one came, went or was revoked. Failures: config-invalid. */
  policy(): Promise<Result<string>>;
  /**
   * Whether every commit that `head` has and `known` have not, merges included, is signed with a key that is allowed now.
   * Failures: signature-untrusted, config-invalid.
   */
  verify(range: SignedRange): Promise<Result<void>>;
}

export interface Source {
  readonly url: string;
  readonly branch: string;
  /** Undefined where commits need no signature. */
  readonly signatures?: Signatures;
  /** Fetches what is new and names the branch's head. Failures: fetch-failed, branch-missing, repository-refused. */
  fetch(signal: AbortSignal): Promise<Result<Revision>>;
  /** The head that the last good fetch saw, also after a restart; undefined before the first. */
  head(): Promise<Revision | undefined>;
  /** Resolves a full or short object id, or a branch or tag of the mirror, to a commit. */
  resolve(ref: string): Promise<Revision | undefined>;
  ancestry(base: string, head: string): Promise<Ancestry>;
  /** Paths that differ between two revisions; undefined when `base` is not known any more. */
  changedPaths(base: string, head: string): Promise<readonly string[] | undefined>;
  /** Failures: repository-refused, disk. */
  checkout(sha: string): Promise<Result<Checkout>>;
}
