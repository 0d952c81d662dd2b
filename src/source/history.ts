/** Questions about the commit graph; the mirror answers all of them without the remote. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Ancestry, Revision, Source } from "../engine/ports/source.ts";
import { isBranchName, isFullObjectId, isObjectId } from "./branch-name.ts";
import { broken, ended } from "./git.ts";
import { MAX_LISTING_BYTES } from "./limits.ts";
import type { Mirror } from "./mirror.ts";
import { isErrno } from "./owner.ts";
import { LOG_FORMAT, parseRevision, type Described } from "./revision-text.ts";

export interface History {
  /** Of a full object id or a full ref name. */
  readonly describe: (commit: string) => Promise<Revision | undefined>;
  /** The branch's commit; without a process where it has not moved since the last look. */
  readonly head: () => Promise<Revision | undefined>;
  readonly resolve: Source["resolve"];
  readonly ancestry: Source["ancestry"];
  readonly changedPaths: Source["changedPaths"];
}

/** Of commits that were described lately: a commit never changes, and one deployment asks for it several times. */
const REMEMBERED = 64;

export function createHistory(mirror: Mirror, branch: string): History {
  const { git, folder } = mirror;
  const known = new Map<string, Described>();
  let knownOf = mirror.generation();
  let newest: Revision | undefined;

  async function head(): Promise<Revision | undefined> {
    const sha = await looseRef(path.join(folder, "refs", "heads", branch));
    if (newest === undefined || newest.sha !== sha) newest = await describe(`refs/heads/${branch}`);
    return newest;
  }

  async function describe(commit: string): Promise<Revision | undefined> {
    if (knownOf !== mirror.generation()) known.clear();
    knownOf = mirror.generation();
    const before = known.get(commit);
    if (before) return before.revision;
    const args = ["log", "-1", "--no-mailmap", "--no-show-signature", LOG_FORMAT];
    const result = await git([...args, "--end-of-options", commit]);
    if (!ended(result)) throw broken("log", result);
    const described = result.code === 0 ? parseRevision(result.stdout.toString()) : undefined;
    if (described) remember(described);
    return described?.revision;
  }

  function remember(described: Described): void {
    known.set(described.revision.sha, described);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
  }

  async function commitOf(name: string): Promise<string | undefined> {
    const result = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
    if (!ended(result)) throw broken("rev-parse", result);
    return result.code === 0 ? result.stdout.toString().trim() : undefined;
  }

  return {
    describe,
    head,
    async resolve(ref) {
      const names = isObjectId(ref) ? [ref] : [];
      if (ref === "HEAD") names.push(`refs/heads/${branch}`);
      if (isBranchName(ref)) names.push(`refs/heads/${ref}`, `refs/tags/${ref}`);
      for (const name of names) {
        const sha = await commitOf(name);
        if (sha !== undefined) return describe(sha);
      }
      return undefined;
    },
    async ancestry(base, head): Promise<Ancestry> {
      if (!isFullObjectId(base) || !isFullObjectId(head)) return "rewritten";
      if (base === head) return "same";
      if (known.get(head)?.parents.includes(base)) return "descendant";
      const result = await git(["merge-base", "--is-ancestor", "--end-of-options", base, head]);
      if (!ended(result)) throw broken("merge-base", result);
      // 1: it is none. 128: one of them is not known, so nobody can say that nothing was taken away.
      return result.code === 0 ? "descendant" : "rewritten";
    },
    async changedPaths(base, head) {
      if (!isFullObjectId(base) || !isFullObjectId(head)) return undefined;
      const args = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv"];
      const result = await git([...args, "--end-of-options", base, head], { maxOutput: MAX_LISTING_BYTES });
      if (!ended(result)) throw broken("diff-tree", result);
      if (result.code !== 0 || result.truncated) return undefined;
      return result.stdout
        .toString()
        .split("\0")
        .filter(name => name !== "");
    },
  };
}

/** A ref as git writes it into a file of its own; undefined where it is packed, or not there. */
async function looseRef(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "latin1")).trim();
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}
