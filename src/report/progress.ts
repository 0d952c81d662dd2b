/** What happens, as log lines: one an event, with time and stack. */
import type { EngineEvent, EventListener } from "../engine/event.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import { colors, type Colors } from "./colors.ts";
import { commitLine, shortSha } from "./commit.ts";
import { countsText } from "./counts.ts";
import { formatDuration } from "./duration.ts";
import { describeFailure } from "./messages.ts";
import { problemLine } from "./messages/message.ts";
import { plainLine } from "./plain-text.ts";
import { planSummary } from "./plan-text.ts";
import { differencesText, probedText } from "./probe-text.ts";
import { resourceName } from "./urn.ts";

export interface ProgressOptions {
  /** Default false. */
  readonly color?: boolean;
  /** Also steps and the beginning of each resource. Default false. */
  readonly verbose?: boolean;
}

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);

function ended(run: RunRecord, { added, removed, changed }: Colors): string {
  const took = formatDuration((run.endedAt ?? run.startedAt) - run.startedAt);
  const counts = countsText(run.counts);
  const done = `${run.outcome ?? "ended"}${counts === "-" ? "" : ` ${counts}`} in ${took}`;
  if (!run.failure) return run.outcome === "drifted" ? changed(done) : added(done);
  const { title, detail, hint } = describeFailure(run.failure, { stack: run.stack, run: run.id });
  const first = detail.split("\n")[0] ?? "";
  const text = [title, first, hint].filter(Boolean).join(" · ");
  return `${run.outcome === "held" ? changed(done) : removed(done)}: ${text}`;
}

/** What an event says; undefined where it is not worth a line. */
function say(event: EngineEvent, verbose: boolean, color: Colors): string | undefined {
  switch (event.type) {
    case "revision-seen":
      return `commit ${commitLine(event.revision)}`;
    case "flaw-seen":
      return `error: commit ${shortSha(event.revision.sha)}: ${problemLine(event.problem).replace(/\n +/, " · ")}`;
    case "source-failed": {
      const { title, hint } = describeFailure(event.failure);
      return `${color.removed("repository")}: ${title} · ${hint}`;
    }
    case "run-started":
      return `${event.run.mode} of ${shortSha(event.run.revision?.sha ?? "")} (${event.run.trigger}), run ${event.run.id}`;
    case "step":
      return verbose ? plainLine(event.step) : undefined;
    case "resource":
      if (event.phase === "begin" && !verbose) return undefined;
      return `${event.op} ${resourceName(event.urn)} ${event.phase === "failed" ? color.removed("failed") : event.phase}${event.message ? `: ${plainLine(event.message)}` : ""}`;
    case "planned":
      return planSummary(event.plan);
    case "run-ended":
      return ended(event.run, color);
    case "probe-found":
      return `${color.changed("probe")}: ${differencesText(event.differences)}`;
    case "probed":
      return verbose ? probedText(event) : undefined;
    case "process-restarted":
      return `${color.changed("restarted")} ${event.what}: ${plainLine(event.why)}`;
    case "message":
      return event.level === "info" ? plainLine(event.text) : `${event.level}: ${plainLine(event.text)}`;
  }
}

function stackOf(event: EngineEvent): string | undefined {
  if (event.type === "run-started" || event.type === "run-ended") return event.run.stack;
  return "stack" in event ? event.stack : undefined;
}

/** One line without a line end; undefined where the event is not worth one. */
export function logLine(event: EngineEvent, verbose = false, inColor = false): string | undefined {
  const color = colors(inColor);
  const text = say(event, verbose, color);
  if (text === undefined) return undefined;
  const stack = stackOf(event);
  const who = stack === undefined ? "" : `${color.strong(plainLine(stack))} `;
  return `${color.faint(clock(event.at))} ${who}${text}`;
}

/**
 * Whether a resource's step is one that changes something: a plan shows the same steps, as "update … done", before
 * anything is applied.
 */
function changesOnly(): (event: EngineEvent) => boolean {
  const applying = new Set<string>();
  return event => {
    if (event.type === "step" && event.step === "apply") applying.add(event.runId);
    if (event.type === "run-ended") applying.delete(event.run.id);
    return event.type !== "resource" || event.phase === "failed" || applying.has(event.runId);
  };
}

/** A listener that writes each line with `write` (a line end included). Steps of a plan are said only with `verbose`. */
export function createProgress(write: (line: string) => void, options: ProgressOptions = {}): EventListener {
  const counts = changesOnly();
  return event => {
    if (!counts(event) && !options.verbose) return;
    const line = logLine(event, options.verbose, options.color);
    if (line !== undefined) write(`${line}\n`);
  };
}
