/** `holdfast show RUN`: a run in full. */
import { holderText } from "../engine/ports/lease-text.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import { timestamp } from "./age.ts";
import { colors } from "./colors.ts";
import { commitLine, shortSha } from "./commit.ts";
import { countsText } from "./counts.ts";
import { formatDuration } from "./duration.ts";
import { failureText } from "./messages.ts";
import { plainLine, plainLines } from "./plain-text.ts";
import { planSections, planSummary, type TextOptions } from "./plan-text.ts";

/** Lines of the log's end. */
const LOG_LINES = 40;

function trigger({ trigger: why, by, mode, byHand }: RunRecord): string {
  const who = by === undefined ? "" : ` by ${plainLine(by)}`;
  if (!byHand) return `${why}${who} (${mode})`;
  const { kind, head, dirty, renamed } = byHand;
  const to = renamed === undefined ? "" : ` to ${renamed}`;
  const at = head === undefined ? "" : `, in a checkout of ${shortSha(head)}${dirty ? " with changes" : ""}`;
  return `by hand${who}: ${kind}${to}${at}`;
}

function facts(run: RunRecord): (readonly [string, string])[] {
  const took = run.endedAt === undefined ? "still running" : formatDuration(run.endedAt - run.startedAt);
  const spans = Object.entries(run.timings ?? {}).map(([name, ms]) => `${name} ${formatDuration(ms)}`);
  return [
    ["stack", run.stack],
    ...(run.revision ? ([["commit", commitLine(run.revision)]] as const) : []),
    ["trigger", trigger(run)],
    ...(run.byHand?.holder ? ([["from", holderText(run.byHand.holder)]] as const) : []),
    ["started", timestamp(run.startedAt)],
    ["took", spans.length > 0 ? `${took} (${spans.join(", ")})` : took],
    ["outcome", run.outcome ?? "running"],
    ...(run.counts ? ([["changed", countsText(run.counts)]] as const) : []),
    ...(run.plan
      ? ([["plan", `${planSummary(run.plan)} (digest ${run.plan.digest.slice(0, 12)})`]] as const)
      : []),
  ];
}

function logTail(log: string | undefined): string[] {
  const lines = plainLines(log ?? "")
    .trimEnd()
    .split("\n");
  if (lines.length === 1 && lines[0] === "") return [];
  const left = lines.length - LOG_LINES;
  const tail = left > 0 ? [`… ${left} lines before`, ...lines.slice(-LOG_LINES)] : lines;
  return tail.map(line => `  ${line}`);
}

/** The run, without a line end at its end. */
export function showRun(run: RunRecord, options: TextOptions = {}): string {
  const { strong } = colors(options.color);
  const failure = run.failure ? failureText(run.failure, { stack: run.stack, run: run.id }) : undefined;
  const log = logTail(run.log);
  return [
    strong(`run ${run.id}`),
    ...facts(run).map(([name, value]) => `${name.padEnd(9)}${value}`),
    ...(failure === undefined ? [] : ["", ...failure.split("\n")]),
    ...(run.plan ? planSections(run.plan, options) : []),
    ...(log.length > 0 ? ["", strong("Log:"), ...log] : []),
  ].join("\n");
}
