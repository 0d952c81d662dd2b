/** `holdfast history`: one line a run, newest first. */
import type { RunRecord } from "../engine/ports/records.ts";
import { ago } from "./age.ts";
import { colors } from "./colors.ts";
import { shortSha } from "./commit.ts";
import { countsText } from "./counts.ts";
import { formatDuration } from "./duration.ts";
import { columns, fit, plainLine } from "./plain-text.ts";
import type { TableOptions } from "./status-table.ts";

const HEAD = ["WHEN", "STACK", "COMMIT", "AUTHOR", "TRIGGER", "OUTCOME", "CHANGES", "TOOK", "RUN"] as const;
/** Widest a column gets; the run's id is last and never cut, because people copy it. */
const MAX = [8, 24, 8, 14, 16, 9, 14, 6, Infinity] as const;

function cells(run: RunRecord, now: number): string[] {
  const { revision, startedAt, endedAt } = run;
  return [
    ago(startedAt, now),
    run.stack,
    revision ? shortSha(revision.sha) : "-",
    plainLine(revision?.author ?? run.by ?? "-"),
    run.byHand ? `by hand: ${run.byHand.kind}` : run.trigger,
    run.outcome ?? "running",
    countsText(run.counts),
    endedAt === undefined ? "" : formatDuration(endedAt - startedAt),
    run.id,
  ];
}

/** The table, without a line end at its end. */
export function historyTable(runs: readonly RunRecord[], options: TableOptions): string {
  if (runs.length === 0) return "No runs.";
  const rows = runs.map(run => cells(run, options.now));
  const widths = HEAD.map((title, index) => {
    const longest = Math.max(columns(title), ...rows.map(row => columns(row[index] ?? "")));
    return Math.min(longest, MAX[index] ?? longest);
  });
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => fit(cell, widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [colors(options.color).strong(line(HEAD)), ...rows.map(line)].join("\n");
}
