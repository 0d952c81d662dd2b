/** Reads the listing of one commit and its links, and judges both before a byte is written. */
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import type { LeftOut } from "../engine/ports/stack.ts";
import { parseBatch } from "./blob-stream.ts";
import { broken, ended, type Git } from "./git.ts";
import { MAX_LISTING_BYTES, type Limits } from "./limits.ts";
import { linkProblem, type Links } from "./link-rules.ts";
import { parseListing, type TreeEntry } from "./tree-entry.ts";
import { refuseTree, type Refused } from "./tree-rules.ts";
import { cleanLine } from "./untrusted-text.ts";

export interface CheckedTree {
  readonly entries: readonly TreeEntry[];
  readonly links: Links;
  /** Links that must not be written: Git writes such, so they are rather a slip than an attack, and are only left out. */
  readonly leftOut: readonly LeftOut[];
}

/** Objects that the mirror should have and has not, or damaged ones. */
export interface Damaged {
  readonly damaged: string;
}

export const refused = ({ path, why }: Refused): Failure => ({
  kind: "stalled",
  reason: "repository-refused",
  path: cleanLine(path),
  why,
});

/** Lists and judges the tree of a commit. Failures: repository-refused. */
export async function readTree(
  git: Git,
  sha: string,
  limits: Limits,
  rootBytes: number,
): Promise<Result<CheckedTree> | Damaged> {
  const listed = await list(git, sha, limits);
  if ("damaged" in listed || !listed.ok) return listed;
  const entries = listed.value;
  const bad = refuseTree(entries, limits, rootBytes);
  if (bad) return fail(refused(bad));
  const links = await readLinks(git, entries);
  if ("damaged" in links) return links;
  return ok(withoutBadLinks(entries, links));
}

/** What leads through a link that is left out leads out itself, and is left out as well. */
function withoutBadLinks(entries: readonly TreeEntry[], links: Links): CheckedTree {
  const bad = new Map<string, string>();
  for (const link of links.keys()) {
    const why = linkProblem(link, links);
    if (why !== undefined) bad.set(link, why);
  }
  const nameOf = (link: string): string => cleanLine(Buffer.from(link, "latin1").toString());
  return {
    entries: entries.filter(({ path }) => !bad.has(path.toString("latin1"))),
    links: new Map([...links].filter(([link]) => !bad.has(link))),
    leftOut: [...bad].map(([link, why]) => ({ path: nameOf(link), why })),
  };
}

/** Stops git as soon as there are too many: trees can hold each other, and so billions of names in a few kilobytes. */
async function list(git: Git, sha: string, limits: Limits): Promise<Result<readonly TreeEntry[]> | Damaged> {
  const tooMany = new AbortController();
  let count = 0;
  const onOutput = (stream: "stdout" | "stderr", chunk: Buffer): void => {
    if (stream === "stderr") return;
    for (let at = chunk.indexOf(0); at !== -1; at = chunk.indexOf(0, at + 1)) count++;
    if (count > limits.files) tooMany.abort();
  };
  const args = ["ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", sha];
  const result = await git(args, { onOutput, signal: tooMany.signal, maxOutput: MAX_LISTING_BYTES });
  if (count > limits.files)
    return fail(refused({ path: "/", why: `the revision has more than ${limits.files} files` }));
  if (result.truncated)
    return fail(refused({ path: "/", why: "the names of its files are too long together" }));
  if (!ended(result)) throw broken("ls-tree", result);
  const entries = result.code === 0 ? parseListing(result.stdout) : undefined;
  return entries ? ok(entries) : { damaged: result.stderr.toString() };
}

async function readLinks(git: Git, entries: readonly TreeEntry[]): Promise<Links | Damaged> {
  const links = entries.filter(entry => entry.kind === "link");
  const targets = new Map<string, string>();
  if (links.length === 0) return targets;
  let content: Buffer[] = [];
  const batch = parseBatch(links, {
    begin: () => void (content = []),
    data: chunk => void content.push(Buffer.from(chunk)),
    end: entry => void targets.set(entry.path.toString("latin1"), Buffer.concat(content).toString("latin1")),
  });
  const problem = await batch.read(git);
  return problem === undefined ? targets : { damaged: problem };
}
