/** What people do beside the runs, with the plain CLI: it goes on record with who, and the stack is planned anew. */
import { holderText } from "./ports/lease-text.ts";
import type { Parts } from "./parts.ts";
import type { RunOutcome, RunRecord } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import type { Handwork } from "./ports/state.ts";
import { isGone } from "./stalled.ts";

/** An id looks as those of runs do: `261121-142501-k3f9`. Made from the update's own, so that it is the same each time. */
function recordId({ id, startedAt }: Handwork): string {
  const stamp = new Date(startedAt).toISOString().replace(/\D/g, "");
  const suffix = Number.parseInt(id.slice(0, 8), 16) % 36 ** 4;
  return `${stamp.slice(2, 8)}-${stamp.slice(8, 14)}-${suffix.toString(36).padStart(4, "0")}`;
}

const OUTCOMES: Readonly<Record<Handwork["end"], RunOutcome>> = {
  succeeded: "converged",
  failed: "failed",
  cancelled: "aborted",
};

/** Pure. */
export function recordOfHandwork(work: Handwork): RunRecord {
  const { stack, kind, who, startedAt, endedAt, end, moved, counts, message, environment, holder } = work;
  const head = environment["git.head"];
  const counted = Object.entries(counts ?? {}).filter(([op]) => op !== "same");
  return {
    id: recordId(work),
    stack,
    mode: "by-hand",
    by: who,
    trigger: "manual",
    byHand: {
      kind,
      ...(holder && { holder }),
      ...(head !== undefined && { head, dirty: environment["git.dirty"] === "true" }),
      ...(work.renamed !== undefined && { renamed: work.renamed }),
    },
    startedAt,
    endedAt,
    outcome: end === "succeeded" && !moved && kind !== "unlock" ? "unchanged" : OUTCOMES[end],
    ...(counted.length > 0 && { counts: Object.fromEntries(counted) }),
    ...(message !== "" && { log: message }),
  };
}

function sentence({ stack, kind, who, end, holder, renamed }: Handwork): string {
  const on = holder ? ` on ${holderText(holder)}` : "";
  const to = renamed === undefined ? "" : ` to ${renamed}`;
  return `${stack}: ${kind}${to} by ${who}${on}, beside the runs: ${end}`;
}

export type HandworkParts = Pick<Parts, "world" | "board" | "head" | "loop">;

async function touch({ world, board }: HandworkParts, stack: StackName, at: number): Promise<void> {
  const status = board.status(stack);
  if (!status) return;
  const touched = { ...status, touchedAt: at };
  await world.records.putStatus(touched);
  board.put(touched);
}

/** A name that has no state any more, and that Git does not know, is nothing to speak of. */
async function forgetName({ world, board, head }: HandworkParts, stack: StackName): Promise<void> {
  const wanted = head.current();
  if (!wanted || !isGone(wanted.estate, stack)) return;
  await world.records.forget(stack);
  board.forget(stack);
}

/** To be called now and then. What belongs to a stack that runs waits for that run's end, which writes the same status. */
export async function noteHandwork(parts: HandworkParts): Promise<void> {
  const { world, loop } = parts;
  const active = new Set(loop.running().map(({ stack }) => stack.name));
  const works = (await world.state.handwork()).filter(({ stack }) => !active.has(stack));
  for (const work of works) {
    const at = world.clock.now();
    await world.records.startRun(recordOfHandwork(work));
    for (const name of [work.stack, work.renamed ?? work.stack]) await touch(parts, name, at);
    if (work.renamed !== undefined || work.kind === "remove") await forgetName(parts, work.stack);
    world.emit({ type: "message", level: "info", text: sentence(work), at });
  }
  if (works.length > 0) await world.state.takeHandwork(works.map(({ id }) => id));
}
