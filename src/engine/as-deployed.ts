/** Stacks as they are deployed, where the head does not say how they are: they are gone from it, or cannot be read there. */
import { elsewhereKey, type Elsewhere } from "./candidates.ts";
import type { Parts } from "./parts.ts";
import type { StackName } from "./ports/stack.ts";
import { lookElsewhere } from "./select.ts";
import { stalledStacks } from "./stalled.ts";

/** Undefined where it is not deployed, or not known any more how. */
export async function asDeployed(parts: Parts, stack: StackName): Promise<Elsewhere | undefined> {
  const sha = parts.board.status(stack)?.deployed?.sha;
  if (sha === undefined) return undefined;
  const known = parts.elsewhere.get(elsewhereKey(stack));
  if (known?.wanted.revision.sha === sha) return known;
  const found = await lookElsewhere(parts, stack, sha);
  return found.ok ? found.value : undefined;
}

/** Lets the loop know stalled stacks as they are deployed, so that it can look after them. */
export async function keepDeployed(parts: Parts): Promise<void> {
  const wanted = parts.head.current();
  if (!wanted) return;
  for (const stack of stalledStacks(wanted.estate, parts.board.statuses()).keys()) {
    const found = await asDeployed(parts, stack);
    if (found) parts.elsewhere.set(elsewhereKey(stack), found);
  }
}
