/** Signed commits: which heads may be taken where the operator allows only some people's commits. */
import { ok, type Result } from "./failure.ts";
import type { Revision } from "./ports/source.ts";
import { acceptedRewrite, deployedShas, type RewriteWorld } from "./rewrite.ts";

/** Setting: `<policy> <sha>`, the newest head that was found good, and under which keys. */
const VERIFIED = "signatures.verified";

/** The head that was judged last, as long as the keys are those of then. */
async function judgedBefore({ records }: RewriteWorld, policy: string): Promise<readonly string[]> {
  const [of, sha] = ((await records.setting(VERIFIED)) ?? "").split(" ");
  return of === policy && sha !== undefined ? [sha] : [];
}

/**
 * Whether each commit between what is deployed (or was judged before with the same keys) and `sha` is signed by somebody
 * who is allowed. What is deployed counts as it is: other keys do not take it away. Where nothing is known yet, `sha`
 * alone is judged, or all since the commit that a person accepted. Failures: signature-untrusted, config-invalid.
 */
async function judge(world: RewriteWorld, sha: string): Promise<Result<string | undefined>> {
  const { signatures } = world.source;
  if (!signatures) return ok(undefined);
  const deployed = await deployedShas(world);
  const policy = await signatures.policy();
  // Also where the keys cannot be read.
  if (deployed.includes(sha)) return ok(policy.ok ? policy.value : undefined);
  if (!policy.ok) return policy;
  const [before, word] = await Promise.all([judgedBefore(world, policy.value), acceptedRewrite(world)]);
  const first = word === undefined ? {} : { first: word };
  const verified = await signatures.verify({ head: sha, known: [...deployed, ...before], ...first });
  return verified.ok ? ok(policy.value) : verified;
}

/** Of any commit. Failures as above. */
export async function trusted(world: RewriteWorld, sha: string): Promise<Result<void>> {
  const judged = await judge(world, sha);
  return judged.ok ? ok(undefined) : judged;
}

/** What there is to go back to: the last good commit, if it is still trusted, and what is deployed, the newest first. */
export async function stillTrusted(
  world: RewriteWorld,
  lastGood: string | undefined,
): Promise<readonly Revision[]> {
  const resolve = (sha: string): Promise<Revision | undefined> => world.source.resolve(sha);
  const known = await Promise.all((await deployedShas(world)).map(resolve));
  const deployed = known.filter(revision => revision !== undefined).sort((a, b) => b.time - a.time);
  const last = lastGood === undefined ? undefined : await resolve(lastGood);
  return last && (await trusted(world, last.sha)).ok ? [last, ...deployed] : deployed;
}

/** Of the branch's head, which is remembered: its successors are judged from there on. */
export async function trustedHead(world: RewriteWorld, sha: string): Promise<Result<void>> {
  const judged = await judge(world, sha);
  if (!judged.ok) return judged;
  const verified = judged.value === undefined ? "" : `${judged.value} ${sha}`;
  if (verified !== ((await world.records.setting(VERIFIED)) ?? ""))
    await world.records.setSetting(VERIFIED, verified);
  return ok(undefined);
}
