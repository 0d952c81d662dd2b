/** What the engine, providers and programs had to say, made fit for people: no colours, no repeats, no secrets, bounded. */
import type { Redactor } from "../engine/ports/secrets.ts";
import type { EngineEvent } from "./engine-event.ts";

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly urn?: string;
  readonly message: string;
}

/** A program in a loop can warn for ever; nobody reads more than these. */
const MAX_DIAGNOSTICS = 200;
/** Long enough for a stack trace. */
const MAX_MESSAGE = 8 * 1024;

const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** Pulumi's own colour marks, which stay in with `--color raw` and in some provider texts. */
const COLOUR_MARK = /<\{%[^%]{0,40}%\}>/g;

/** What the engine puts in front of a provider's own words. */
const PREFIX = /^(?:Preview failed|error): /;

/** One message without colours and secrets, trimmed, capped. */
export function plainText(message: string, redactor: Pick<Redactor, "redact">): string {
  const plain = redactor.redact(message.replace(ANSI, "").replace(COLOUR_MARK, "")).trim();
  return plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)} …` : plain;
}

/** Last part of a URN, its name; it may hold `::` itself. */
export function urnName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The CLI's own provider of this name would be beside it; where the SDK's or ours is found is nobody's concern. */
const EXPECTED = /^using pulumi-resource-pulumi-nodejs from \$PATH at /;

function diagnosticOf(event: EngineEvent): Diagnostic | undefined {
  const urn = "urn" in event && event.urn ? { urn: event.urn } : {};
  if (event.kind === "error") return { severity: "error", message: event.message };
  if (event.kind === "policy") {
    const severity = event.level === "mandatory" ? "error" : "warning";
    return { severity, message: `policy ${event.policy} (${event.pack}): ${event.message}`, ...urn };
  }
  if (event.kind !== "diagnostic" || event.ephemeral) return undefined;
  if (event.severity !== "error" && event.severity !== "warning") return undefined;
  if (EXPECTED.test(event.message)) return undefined;
  return { severity: event.severity, message: event.message, ...urn };
}

/** Errors and warnings of an operation, in order, each once. */
export function diagnosticsOf(
  events: readonly EngineEvent[],
  redactor: Pick<Redactor, "redact">,
): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const event of events) {
    const found = diagnosticOf(event);
    if (!found) continue;
    const message = plainText(found.message.replace(PREFIX, ""), redactor);
    const key = `${found.severity}|${found.urn ?? ""}|${message}`;
    if (message && !seen.has(key) && seen.size < MAX_DIAGNOSTICS) seen.set(key, { ...found, message });
  }
  return [...seen.values()];
}

/** As one line or more of text: `error: motd: no such host`. */
export function diagnosticText({ severity, urn, message }: Diagnostic): string {
  const name = urn ? urnName(urn) : "";
  return name ? `${severity}: ${name}: ${message}` : `${severity}: ${message}`;
}
