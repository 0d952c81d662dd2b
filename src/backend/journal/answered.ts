/** Creates of unknown outcome that a later create has answered. */
import type { Checkpoint, Deployment } from "../deployment/types.ts";
import { KIND, type JournalEntry } from "./entry.ts";

/** What holdfast itself provides adopts an equal thing that is there: after its second create nothing is left to find. */
const adopts = (type: string): boolean => type.startsWith("holdfast:");

/** Created in this journal to a good end. */
function created(entries: readonly JournalEntry[]): ReadonlySet<string> {
  const ended = new Set(
    entries.filter(({ kind }) => kind === KIND.success).map(({ operationID }) => operationID),
  );
  const urns = entries.flatMap(({ kind, operationID, operation }) =>
    kind === KIND.begin && operation?.type === "creating" && ended.has(operationID)
      ? [operation.resource.urn]
      : [],
  );
  return new Set(urns);
}

type Whole = Checkpoint & { readonly deployment: Deployment };

/** The engine itself keeps a pending create until somebody resolves it; for other providers' resources that is right. */
export function dropAnswered(checkpoint: Whole, entries: readonly JournalEntry[]): Whole {
  const { pending_operations: pending, ...rest } = checkpoint.deployment;
  if (!pending?.length) return checkpoint;
  const again = created(entries);
  const open = pending.filter(
    ({ type, resource }) => type !== "creating" || !adopts(resource.type) || !again.has(resource.urn),
  );
  return {
    ...checkpoint,
    deployment: { ...rest, ...(open.length > 0 && { pending_operations: open }) },
  };
}
