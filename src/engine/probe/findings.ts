/**
 * What probes found, and whether a run was asked for because of it: one run for one finding, however often it is seen. In
 * memory only: after a restart what still differs is asked about once more.
 */
import { createHash } from "node:crypto";
import type { Difference } from "../ports/probe.ts";
import type { RunMode, RunRecord } from "../ports/records.ts";
import type { StackName } from "../ports/stack.ts";

/**
 * `wanted`: a run is to look; `asked`: one does, or did, and left it; `corrected`: one did something about it;
 * `dismissed`: one saw nothing that counts; `passing`: so it was, and it was in order in between.
 */
export type Stage = "wanted" | "asked" | "corrected" | "dismissed" | "passing";

export interface Finding {
  readonly digest: string;
  readonly stage: Stage;
  /** When a run was last asked for, and how often in a row for this. */
  readonly at: number;
  readonly times: number;
}

export interface Rhythm {
  readonly now: number;
  /** Between two probes. */
  readonly every: number;
  /** Between two scheduled checks. */
  readonly checked: number;
  /** The host tells of each change: one who does not stop is known by what he does a moment later, in order or not. */
  readonly told?: boolean;
}

function digestOf(differences: readonly Difference[]): string {
  const parts = differences.map(({ urn, paths }) => JSON.stringify([urn, ...paths.toSorted()])).toSorted();
  return createHash("sha256").update(parts.join("\n")).digest("base64");
}

/**
 * What was put right and differs again at once, in the same way, is somebody else's doing who does not stop; what comes
 * and goes before a run sees it is a unit perhaps that starts again and again. Of both a run is asked less and less often,
 * down to the scheduled check. Half an interval: the probe's own is jittered.
 */
const patience = ({ times }: Finding, { every, checked }: Rhythm): number =>
  Math.min((every / 2) * 2 ** (times - 1), checked);

/** Of his patience; whoever comes later is no such one. Only where each change is told: others are known by their looks. */
const FORGOTTEN = 8;
const isForgotten = (before: Finding, since: number, rhythm: Rhythm): boolean =>
  rhythm.told === true && before.stage === "corrected" && since >= FORGOTTEN * patience(before, rhythm);

const NOTHING = digestOf([]);

/** What a run saw and left as it was is in order again: one more run is to see it, or the stack shows as drifted for long. */
function inOrder(before: Finding | undefined, { now, told = false }: Rhythm): Finding | undefined {
  if (before?.digest === NOTHING) return before.stage === "wanted" ? before : undefined;
  if (before?.stage === "dismissed" || before?.stage === "passing") return { ...before, stage: "passing" };
  if (before?.stage === "corrected" && told) return before;
  return before?.stage === "asked" ? { digest: NOTHING, stage: "wanted", at: now, times: 1 } : undefined;
}

/** After a probe. Undefined: all is as it was seen to be. */
export function seen(
  before: Finding | undefined,
  differences: readonly Difference[],
  rhythm: Rhythm,
): Finding | undefined {
  const { now } = rhythm;
  if (differences.length === 0) return inOrder(before, rhythm);
  const digest = digestOf(differences);
  if (before?.digest !== digest) return { digest, stage: "wanted", at: now, times: 1 };
  const since = now - before.at;
  // Below zero: the clock was set back.
  const mayAgain = before.stage === "corrected" || before.stage === "passing";
  const again = mayAgain && (since < 0 || since >= patience(before, rhythm));
  const times = isForgotten(before, since, rhythm) ? 1 : before.times + 1;
  return again ? { digest, stage: "wanted", at: now, times } : before;
}

/** When what differs, and of which no run is asked for now, is to be asked for again. Undefined: when something changes. */
const againAt = (before: Finding | undefined, rhythm: Rhythm): number | undefined =>
  before?.stage === "corrected" || before?.stage === "passing"
    ? before.at + patience(before, rhythm)
    : undefined;

const looks = (mode: RunMode): boolean => mode === "converge" || mode === "check";
const didSomething = (counts: RunRecord["counts"]): boolean =>
  Object.entries(counts ?? {}).some(([op, count]) => op !== "same" && count > 0);

/** What a run that began for whatever reason makes of it: it sees what the probe saw. */
export const begun = (before: Finding | undefined, mode: RunMode): Finding | undefined =>
  before?.stage === "wanted" && looks(mode) ? { ...before, stage: "asked" } : before;

export function ended(
  before: Finding | undefined,
  { outcome, counts }: Pick<RunRecord, "outcome" | "counts">,
): Finding | undefined {
  if (before?.stage !== "asked") return before;
  // Cut off: nobody has looked.
  if (outcome === "aborted") return undefined;
  if (didSomething(counts)) return { ...before, stage: "corrected" };
  return outcome === "unchanged" ? { ...before, stage: "dismissed" } : before;
}

export interface Findings {
  /** Answers whether a run is asked for that was not before. */
  seen(stack: StackName, differences: readonly Difference[], rhythm: Rhythm): boolean;
  /** After it was seen to differ, and nothing was asked for: when that is to be seen again, before its time comes. */
  againAt(stack: StackName, rhythm: Rhythm): number | undefined;
  wants(stack: StackName): boolean;
  begun(stack: StackName, mode: RunMode): void;
  ended(stack: StackName, run: Pick<RunRecord, "outcome" | "counts">): void;
}

export function createFindings(): Findings {
  const findings = new Map<StackName, Finding>();
  const put = (stack: StackName, finding: Finding | undefined): void =>
    void (finding ? findings.set(stack, finding) : findings.delete(stack));
  return {
    seen(stack, differences, rhythm) {
      const before = findings.get(stack);
      const after = seen(before, differences, rhythm);
      put(stack, after);
      return after?.stage === "wanted" && before?.stage !== "wanted";
    },
    againAt: (stack, rhythm) => againAt(findings.get(stack), rhythm),
    wants: stack => findings.get(stack)?.stage === "wanted",
    begun: (stack, mode) => put(stack, begun(findings.get(stack), mode)),
    ended: (stack, run) => put(stack, ended(findings.get(stack), run)),
  };
}
