/** Who runs next: persons and commits before checks, the longest waiting first, nobody for ever behind. */
import { createHash } from "node:crypto";
import type { StackName } from "./ports/stack.ts";

export interface Candidate {
  readonly stack: StackName;
  /** A person or a commit waits for it, or something is known to differ; otherwise it is a check. */
  readonly urgent: boolean;
  /** When it was first seen to be due, milliseconds since the epoch. */
  readonly since: number;
}

/** A check that waited so long is as urgent as a commit. */
const PATIENCE_MS = 60_000;

export function pick<T extends Candidate>(
  candidates: readonly T[],
  slots: number,
  now: number,
): readonly T[] {
  const urgent = (candidate: T): number => (candidate.urgent || now - candidate.since >= PATIENCE_MS ? 0 : 1);
  const order = (a: T, b: T): number =>
    urgent(a) - urgent(b) || a.since - b.since || (a.stack < b.stack ? -1 : 1);
  return [...candidates].sort(order).slice(0, Math.max(0, slots));
}

/** A stable number of a name, 0 <= n < 1, to spread what would come at once. */
export function spread(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE() / 2 ** 32;
}
