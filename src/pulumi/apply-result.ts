/** Events of a changing operation → what it did. Pure. */
import type { ResourceError } from "../engine/failure.ts";
import type { Applied } from "../engine/ports/pulumi.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { diagnosticsOf, diagnosticText, type Diagnostic } from "./diagnostics.ts";
import type { EngineEvent } from "./engine-event.ts";

const unchanged = new Set(["same", "refresh"]);

/** The engine's closing words when something else has gone wrong before. */
export const isClosing = (message: string): boolean =>
  /^(update|refresh|destroy|preview) failed$/.test(message);

/** Errors by resource: the texts that came for each; a failed step without any text still counts. */
export function errorsOf(
  events: readonly EngineEvent[],
  diagnostics: readonly Diagnostic[],
): readonly ResourceError[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const telling = errors.filter(({ message }) => !isClosing(message));
  const told = new Set(telling.map(({ urn }) => urn));
  const failed = events.flatMap(event => (event.kind === "failed" ? [event.step] : []));
  const silent = failed
    .filter(step => !told.has(step.urn))
    .map(step => ({ urn: step.urn, message: `${step.op} failed` }));
  const found = [...telling.map(({ urn, message }) => (urn ? { urn, message } : { message })), ...silent];
  return found.length > 0 ? found : errors.map(({ message }) => ({ message }));
}

/** What an up, refresh or destroy did, step by step, and with which errors it ended. */
export function appliedOf(
  events: readonly EngineEvent[],
  exitCode: number,
  redactor: Pick<Redactor, "redact">,
): Applied {
  const diagnostics = diagnosticsOf(events, redactor);
  const done = events.flatMap(event =>
    event.kind === "done" && !unchanged.has(event.step.op)
      ? [{ urn: event.step.urn, op: event.step.op }]
      : [],
  );
  const summary = events.findLast(event => event.kind === "summary");
  return {
    counts: summary?.kind === "summary" ? summary.counts : {},
    done,
    errors: errorsOf(events, diagnostics),
    exitCode,
    diagnostics: diagnostics.map(diagnosticText),
  };
}
