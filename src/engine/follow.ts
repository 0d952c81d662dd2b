/** Follows the repository: a new revision is taken, and what it does not concern or does not hold any more is dealt with. */
import { elsewhereKey } from "./candidates.ts";
import { concerns } from "./concern.ts";
import type { Result } from "./failure.ts";
import type { Wanted } from "./head.ts";
import type { Parts } from "./parts.ts";
import { lookElsewhere } from "./select.ts";

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

/** Stacks that Git forgot and that may be pruned are asked to be destroyed; their gates apply. */
async function askPrunes(parts: Parts, wanted: Wanted): Promise<void> {
  const names = new Set(wanted.estate.stacks.map(({ name }) => name));
  for (const { stack, deployed } of parts.board.statuses()) {
    if (names.has(stack) || !deployed || parts.requests.has(stack)) continue;
    const found = await lookElsewhere(parts, stack, deployed.sha);
    if (!found.ok || !found.value.definition.settings.prune) continue;
    parts.elsewhere.set(elsewhereKey(stack), found.value);
    void parts.requests.add({ stack, mode: "destroy", trigger: "commit" }, parts.world.clock.now());
  }
}

/** Fetches and takes what is new. Nothing is started: who asks for runs asks first, so that theirs and those that are due merge. */
export async function refresh(parts: Parts, signal: AbortSignal): Promise<Result<Wanted>> {
  const before = parts.head.current()?.revision.sha;
  const result = await parts.head.refresh(signal);
  if (result.ok && result.value.revision.sha !== before) {
    await skipUnconcerned(parts, result.value);
    await askPrunes(parts, result.value);
  }
  return result;
}
