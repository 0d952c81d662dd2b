/** Progress of long work on stderr: lines for a log, fewer and shorter ones for a person who waits. */
import type { EngineEvent, EventListener } from "../engine/event.ts";
import { shortSha } from "../report/commit.ts";
import type { GlobalArgs, Io } from "./command.ts";

function text(event: EngineEvent, verbose: boolean): string | undefined {
  switch (event.type) {
    case "run-started":
      return `${event.run.stack}: ${event.run.mode} at ${shortSha(event.run.revision.sha)} …`;
    case "step":
      return `${event.stack}: ${event.step} …`;
    case "resource":
      return verbose && event.phase !== "begin"
        ? `${event.stack}: ${event.op} ${event.urn.split("::").at(-1)} ${event.phase}`
        : undefined;
    case "process-restarted":
      return `${event.what} ended (${event.why}) and is started again`;
    case "message":
      return event.text;
    case "revision-seen":
    case "source-failed":
    case "planned":
    case "run-ended":
      return undefined;
  }
}

/** Nothing where nobody waits for it: without a terminal, only with --verbose. */
export function progressListener(io: Io, args: Pick<GlobalArgs, "verbose">): EventListener {
  if (!io.isTTY.stderr && !args.verbose) return () => undefined;
  return event => {
    const line = text(event, args.verbose);
    if (line !== undefined) io.stderr(`${line}\n`);
  };
}
