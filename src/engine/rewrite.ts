/** Rewritten histories: which heads may be taken, and how long a person's word on one holds. */
import { ok, type Result } from "./failure.ts";
import type { Records } from "./ports/records.ts";
import type { Revision, Source } from "./ports/source.ts";
import { chooseRevision } from "./revision.ts";

export interface RewriteWorld {
  readonly source: Source;
  readonly records: Records;
}

/** Settings: the head that a person accepted, "" for none; and the deployed commits of histories that were left behind so. */
const ACCEPTED = "rewrite.accepted";
const LEFT_BEHIND = "rewrite.left";

/** The head that a person accepted, as long as nothing was deployed by it. */
export async function acceptedRewrite({ records }: RewriteWorld): Promise<string | undefined> {
  return (await records.setting(ACCEPTED)) || undefined;
}

async function leftBehind({ records }: RewriteWorld): Promise<ReadonlySet<string>> {
  return new Set(((await records.setting(LEFT_BEHIND)) ?? "").split(" ").filter(sha => sha !== ""));
}

/** What is deployed anywhere decides which heads are acceptable. */
export async function deployedShas({ records }: RewriteWorld): Promise<readonly string[]> {
  const statuses = await records.statuses();
  return [...new Set(statuses.flatMap(({ deployed }) => (deployed ? [deployed.sha] : [])))];
}

export const acceptRewrite = ({ records }: RewriteWorld, sha: string): Promise<void> =>
  records.setSetting(ACCEPTED, sha);

/** The head, if its history holds all that is deployed, or if a person accepted it. */
export async function acceptable(world: RewriteWorld, head: Revision): Promise<Result<Revision>> {
  const { source } = world;
  const [word, left, all] = await Promise.all([
    acceptedRewrite(world),
    leftBehind(world),
    deployedShas(world),
  ]);
  for (const deployed of all.filter(sha => !left.has(sha))) {
    const ancestry = await source.ancestry(deployed, head.sha);
    const rewrite =
      word === undefined
        ? {}
        : { acceptedRewrite: word, acceptedAncestry: await source.ancestry(word, head.sha) };
    const chosen = chooseRevision({ branch: source.branch, deployed, head: head.sha, ancestry, ...rewrite });
    if (!chosen.ok) return chosen;
  }
  return ok(head);
}

/**
 * A stack was deployed. If a person's acceptance led there, it is used up: kept, it would let the next rewrite back
 * to it through. What other stacks have deployed of the old history binds no head any more; what is deployed anew does.
 */
export async function rewriteDeployed(world: RewriteWorld, sha: string): Promise<void> {
  const { source, records } = world;
  const [word, left] = await Promise.all([acceptedRewrite(world), leftBehind(world)]);
  const kept = [...left].filter(other => other !== sha);
  const used = word !== undefined && (await source.ancestry(word, sha)) !== "rewritten";
  if (!used && kept.length === left.size) return;
  const behind: string[] = [];
  for (const other of used ? await deployedShas(world) : [])
    if ((await source.ancestry(other, sha)) === "rewritten") behind.push(other);
  await records.setSetting(LEFT_BEHIND, [...new Set([...kept, ...behind])].join(" "));
  if (used) await records.setSetting(ACCEPTED, "");
}
