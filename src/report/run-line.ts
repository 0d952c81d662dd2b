/** The end of a run in one line, for `sync` and its like; a failure with all its lines below. */
import type { RunRecord } from "../engine/ports/records.ts";
import { shortSha } from "./commit.ts";
import { countsText } from "./counts.ts";
import { formatDuration } from "./duration.ts";
import { failureText } from "./messages.ts";
import { planSummary } from "./plan-text.ts";

const WORDS: Record<NonNullable<RunRecord["outcome"]>, string> = {
  converged: "converged",
  unchanged: "in sync, nothing to do",
  held: "held",
  failed: "failed",
  drifted: "drifted",
  aborted: "aborted",
  planned: "planned",
};

function did(run: RunRecord): string {
  if (run.outcome === "converged") return `: ${countsText(run.counts)}`;
  return run.outcome === "held" && run.plan ? `: ${planSummary(run.plan)}` : "";
}

export function runLine(run: RunRecord): string {
  const took = run.endedAt === undefined ? "" : ` (${formatDuration(run.endedAt - run.startedAt)})`;
  const line = `${run.stack}${run.revision ? ` at ${shortSha(run.revision.sha)}` : ""} ${run.outcome ? WORDS[run.outcome] : "running"}${did(run)}${took}`;
  if (!run.failure) return line;
  const text = failureText(run.failure, { stack: run.stack, run: run.id });
  return [line, ...text.split("\n").map(part => `  ${part}`)].join("\n");
}
