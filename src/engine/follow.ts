/** Follows the repository: a new revision is taken, and what it does not concern or does not hold any more is dealt with. */
import { keepDeployed } from "./as-deployed.ts";
import { elsewhereKey } from "./candidates.ts";
import { concerns } from "./concern.ts";
import type { Result } from "./failure.ts";
import type { Wanted } from "./head.ts";
import type { Parts } from "./parts.ts";

/** Marks a commit that does not concern a stack as deployed there, without a run. */
async function skipUnconcerned({ world, board }: Parts, wanted: Wanted): Promise<void> {
  const sha = wanted.revision.sha;
  for (const stack of wanted.estate.stacks) {
    const status = board.status(stack.name);
    const deployed = status?.deployed;
    if (!status || !deployed || deployed.sha === sha || stack.settings.inputs === undefined || status.failure)
      continue;
    if (concerns(stack, await world.source.changedPaths(deployed.sha, sha))) continue;
    const moved = { ...status, deployed: wanted.revision, attempted: wanted.revision };
    await world.records.putStatus(moved);
    board.put(moved);
  }
}

/** Who was asked for and is not in Git any more has its end as it was before. */
function keepAsked({ requests, elsewhere }: Parts, wanted: Wanted, before: Wanted): void {
  const names = new Set(wanted.estate.stacks.map(({ name }) => name));
  for (const { stack, revision } of requests.waiting()) {
    const definition = before.estate.stacks.find(({ name }) => name === stack);
    if (names.has(stack) || revision !== undefined || !definition) continue;
    elsewhere.set(elsewhereKey(stack), { definition, wanted: before });
  }
}

/** Fetches and takes what is new. Nothing is started: who asks for runs asks first, so that theirs and those that are due merge. */
export async function refresh(parts: Parts, signal: AbortSignal): Promise<Result<Wanted>> {
  const before = parts.head.current();
  const result = await parts.head.refresh(signal);
  if (result.ok && result.value.revision.sha !== before?.revision.sha) {
    if (before) keepAsked(parts, result.value, before);
    await skipUnconcerned(parts, result.value);
  }
  await keepDeployed(parts);
  return result;
}
