/** What a failed operation failed of, sorted into the engine's failures. Pure; texts as CLI 3.259.0 writes them. */
import type { Failure, Problem, ResourceError } from "../engine/failure.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import type { Limits } from "../process/isolation/limits.ts";
import type { RunResult } from "../process/run.ts";
import { errorsOf, isClosing } from "./apply-result.ts";
import { diagnosticsOf, diagnosticText, plainText, urnName, type Diagnostic } from "./diagnostics.ts";
import type { EngineEvent } from "./engine-event.ts";
import { limitReached } from "./program-limits.ts";

export interface FailedOperation {
  /** For people: `pulumi preview hosts/frodo`. */
  readonly what: string;
  readonly deadlineMs: number;
  /** PULUMI_HOME: where a missing plugin has to be. */
  readonly home: string;
  readonly result: RunResult;
  readonly events: readonly EngineEvent[];
  /** Whether a program took part. */
  readonly runsProgram: boolean;
  /** What the program wrote; "" without a program. */
  readonly output: string;
  /** Of the program's box, where it has one. */
  readonly limits?: Limits | undefined;
}

type Redact = Pick<Redactor, "redact">;

/** Lines of the CLI's own words that a message shows. */
const LAST_LINES = 12;

/** It never ran to its end: of that, what it said is no sign. */
function cutShort({ what, deadlineMs, result }: FailedOperation): Failure | undefined {
  if (result.startError) {
    const how = `could not be started: ${result.startError.message}`;
    return { kind: "transient", reason: "process-died", what, how };
  }
  if (result.aborted) return { kind: "aborted", reason: "shutting-down" };
  if (result.timedOut) return { kind: "transient", reason: "timed-out", what, afterMs: deadlineMs };
  if (result.signal)
    return { kind: "transient", reason: "process-died", what, how: `ended by ${result.signal}` };
  return undefined;
}

function stackBusy(said: string): Failure | undefined {
  if (!/\[409\]|the stack is currently locked by/.test(said)) return undefined;
  const ours = /is being changed (.*?)\. Wait until/.exec(said)?.[1];
  const by = ours ?? /locked by .*|Conflict: .*/.exec(said)?.[0] ?? "another update";
  return { kind: "waiting", reason: "stack-busy", by };
}

const PLUGIN_MISSING =
  /no (\S+) plugin '(?:pulumi-\w+-)?([^']+)' found(?: in the workspace)?(?: at version (v?[\w.+-]+))?|could not (?:find|load) plugin.*?for (\w+) (?:provider|plugin) '?([\w-]+)/i;

function pluginMissing(said: string, home: string): Failure | undefined {
  const found = PLUGIN_MISSING.exec(said);
  if (!found) return undefined;
  const kind = found[1]?.toLowerCase() === "language" ? "language" : "resource";
  const name = found[2] ?? found[5] ?? "";
  const version = found[3];
  const plugin = [kind === "language" ? `for the language ${name}` : name, version].filter(Boolean).join(" ");
  const wanted = [kind, name, version].filter(Boolean).join(" ");
  const how =
    `install it where the daemon looks: PULUMI_HOME=${home} pulumi plugin install ${wanted}, ` +
    `or put an executable pulumi-${kind}-${name} on the daemon's PATH`;
  return { kind: "stalled", reason: "plugin-missing", plugin, how };
}

/** Our own script in the place of the CLI's (src/program/dynamic/path): all that the CLI hands on is that it ended. */
const REFUSED_PLUGIN = /could not read plugin \[[^\]]*dynamic\/path\/pulumi-resource-pulumi-python\]/;

function pluginRefused(said: string): Failure | undefined {
  if (!REFUSED_PLUGIN.test(said)) return undefined;
  const message =
    "the program uses a dynamic provider in Python, which cannot be isolated: write it in the program's own language";
  return { kind: "stalled", reason: "program-failed", message };
}

/** `TYPE resource 'motd': property mode value {0999} has a problem: reason`, or without the property. The value may be a secret: it stays out. */
const CHECK = /^(?:[^\n]*?: property (\S+) value \{[^]*\}|[^\n]*?) has a problem: ([^]*)$/;

function resourceInvalid(diagnostics: readonly Diagnostic[]): Failure | undefined {
  const problems = diagnostics.flatMap(({ urn, message }): Problem[] => {
    const [, property, reason] = CHECK.exec(message) ?? [];
    if (reason === undefined) return [];
    const parts = [urn && urnName(urn), property, reason.trim()];
    return [{ message: parts.filter(Boolean).join(": ") }];
  });
  return problems.length > 0 ? { kind: "stalled", reason: "resource-invalid", problems } : undefined;
}

/** The engine refuses by itself, before there is a plan that somebody could approve. */
function protectedResource(diagnostics: readonly Diagnostic[]): Failure | undefined {
  const found = diagnostics.find(({ message }) =>
    /resource "[^"]*" cannot be (?:deleted|replaced)\s+because it is protected/.test(message),
  );
  if (!found) return undefined;
  const urn = /resource "([^"]*)"/.exec(found.message)?.[1] ?? "";
  const why = `${urnName(urn)} would be deleted or replaced, and is protected by its program`;
  const hint = "bring it back, or first apply a commit that sets `protect: false` on it";
  return { kind: "stalled", reason: "plan-refused", gate: "protect", why, hint };
}

/** The state service answered 403 to the beginning of a step. */
export const isRefusal = (message: string): boolean =>
  /pre-step event returned an error[^]*\[403\]/.test(message);

function planOutdated(
  diagnostics: readonly Diagnostic[],
  events: readonly EngineEvent[],
  said: string,
): Failure | undefined {
  const refused = diagnostics.find(({ message }) => isRefusal(message));
  const atStart = /\[403\][^\n]*/.exec(said)?.[0];
  if (!refused && !atStart) return undefined;
  const progressed = events.some(event => event.kind === "done" && event.step.op !== "same");
  return { kind: "transient", reason: "plan-outdated", why: refused?.message ?? atStart ?? "", progressed };
}

/** A resource's real state could not be read: its refresh began and never ended (no failure event comes for it). */
function checkFailed(events: readonly EngineEvent[], errors: readonly ResourceError[]): Failure | undefined {
  const unread = new Set<string>();
  for (const event of events) {
    if (event.kind === "begin" && event.step.op === "refresh") unread.add(event.step.urn);
    if (event.kind === "done") unread.delete(event.step.urn);
  }
  const found = errors.filter(({ urn }) => urn !== undefined && unread.has(urn));
  return found.length > 0 ? { kind: "transient", reason: "check-failed", errors: found } : undefined;
}

/** What the engine says when the worker's connection ends in the middle of a run. */
const WORKER_GONE = /error reading from server|connection (?:refused|reset)|transport is closing/i;
/** As a worker words the end of a program's process that somebody else ended: a person, the kernel for want of memory, a machine that goes down. */
const WORKER_KILLED = /the program was ended by (SIGKILL|SIGTERM)/;
const OWN_FRAME = /^\s+at .*(?:node:internal|\/node_modules\/)/;

/** The program's own words without the frames of Node and of libraries. */
const withoutForeignFrames = (output: string): string =>
  output
    .split("\n")
    .filter(line => !OWN_FRAME.test(line))
    .join("\n");

/** The SDK told why on stderr and nowhere else, for example that the entry point is not there. */
function toldByItself(diagnostics: readonly Diagnostic[], output: string): Failure | undefined {
  if (output === "" || diagnostics.some(({ severity }) => severity === "error")) return undefined;
  return { kind: "stalled", reason: "program-failed", message: withoutForeignFrames(output) };
}

/**
 * An error that belongs to no resource but the stack itself, once the program was asked to run: the program threw,
 * was rejected, could not be loaded, or ended its process.
 */
function programFailed(
  operation: FailedOperation,
  diagnostics: readonly Diagnostic[],
  output: string,
): Failure | undefined {
  const started =
    output !== "" || operation.events.some(event => event.kind === "begin" && event.step.op !== "refresh");
  const thrown = diagnostics.find(
    ({ severity, urn, message }) =>
      severity === "error" &&
      !isClosing(message) &&
      (urn === undefined || urn.includes("pulumi:pulumi:Stack::")),
  );
  if (!operation.runsProgram || !started) return undefined;
  if (!thrown) return toldByItself(diagnostics, output);
  const killed = WORKER_KILLED.exec(thrown.message)?.[1];
  if (killed !== undefined)
    return {
      kind: "transient",
      reason: "process-died",
      what: "the program's process",
      how: `ended by ${killed}`,
    };
  const gone = WORKER_GONE.test(thrown.message)
    ? "the program's process ended before the program did (process.exit, a crash, or out of memory)"
    : thrown.message;
  const said = [gone, withoutForeignFrames(output)];
  const limit = operation.limits && limitReached(said.join("\n"), operation.limits);
  const message = [limit, ...said].filter(Boolean).join("\n");
  return { kind: "stalled", reason: "program-failed", message };
}

function cliFailed(operation: FailedOperation, diagnostics: readonly Diagnostic[], said: string): Failure {
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(diagnosticText);
  const last = said.trim().split("\n").slice(-LAST_LINES).join("\n");
  const message = errors.length > 0 ? errors.join("\n") : last;
  return { kind: "transient", reason: "cli-failed", exitCode: operation.result.code ?? -1, message };
}

/** Only for an operation that did not end with 0. The order matters: the first cause that is named is the one shown. */
export function failureOf(operation: FailedOperation, redactor: Redact): Failure {
  const { result, events } = operation;
  const short = cutShort(operation);
  if (short) return short;
  const diagnostics = diagnosticsOf(events, redactor);
  const stderr = plainText(result.stderr.toString("utf8").slice(-8000), redactor);
  const said = [stderr, ...diagnostics.map(({ message }) => message)].join("\n");
  return (
    stackBusy(stderr) ??
    pluginMissing(said, operation.home) ??
    pluginRefused(said) ??
    planOutdated(diagnostics, events, stderr) ??
    protectedResource(diagnostics) ??
    checkFailed(events, errorsOf(events, diagnostics)) ??
    resourceInvalid(diagnostics) ??
    programFailed(operation, diagnostics, plainText(operation.output, redactor)) ??
    cliFailed(
      operation,
      diagnostics,
      stderr || plainText(result.stdout.toString("utf8").slice(-8000), redactor),
    )
  );
}
