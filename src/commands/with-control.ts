/** What every verb that asks holdfast something does alike: settings, a session, an answer, an end. */
import type { EventListener } from "../engine/event.ts";
import type { Failure, Result } from "../engine/failure.ts";
import type { Reader } from "../engine/overview.ts";
import type { Control } from "../engine/ports/control.ts";
import { failureDocument, jsonText } from "../report/documents.ts";
import { failureText } from "../report/messages.ts";
import { createProgress } from "../report/progress.ts";
import type { GlobalArgs, Io } from "./command.ts";
import type { Session } from "./wire-session.ts";

/** Held by a gate, or somebody else's turn. */
const HELD = 3;

/** Exit code of a failure that stands for the whole command. */
export const exitOf = (failure: Failure): number => (failure.kind === "waiting" ? HELD : 1);

/** Says a failure, as text on stderr or as JSON on stdout. */
export function sayFailure(io: Io, json: boolean, failure: Failure): number {
  if (json) io.stdout(jsonText(failureDocument(failure)));
  else io.stderr(`holdfast: ${failureText(failure)}\n`);
  return exitOf(failure);
}

/** On stderr while it lasts: for a person who waits, or who asked for it with --verbose. */
function progress(io: Io, args: GlobalArgs): { listener: EventListener; onProgress: (text: string) => void } {
  if (!io.isTTY.stderr && !args.verbose) return { listener: () => undefined, onProgress: () => undefined };
  const listener = createProgress(line => io.stderr(line), { color: io.isTTY.stderr, verbose: args.verbose });
  return { listener, onProgress: text => io.stderr(`${text}\n`) };
}

type Work = (control: Control, session: Session) => Promise<number>;

/** Opens the data folder, or finds its daemon; told to stop, ends what runs and then the command. */
export async function withControl(args: GlobalArgs, io: Io, verb: string, work: Work): Promise<number> {
  const { openSession } = await import("./wire-session.ts");
  const opened = await openSession(args, io, { what: `holdfast ${verb}`, ...progress(io, args) });
  if (!opened.ok) return sayFailure(io, args.json, opened.failure);
  const session = opened.value;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= session.close());
  try {
    return await Promise.race([work(session.control, session), stopped(io, session, close)]);
  } finally {
    await close();
  }
}

/** As a shell says it of a program that a signal ended. */
const STOPPED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Never resolves before somebody stops us. A daemon goes on without us; our own runs are ended first. */
async function stopped(io: Io, session: Session, close: () => Promise<void>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signal = io.stopSignal();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  if (session.remote) io.stderr("holdfast: no longer waiting; the daemon goes on: holdfast status\n");
  else {
    await close();
    // Whoever waited for a run that has an end now says it first.
    await new Promise(setImmediate);
  }
  return signal.reason === "SIGTERM" ? STOPPED.SIGTERM : STOPPED.SIGINT;
}

/** For verbs that only read. */
export async function withReader(
  args: GlobalArgs,
  io: Io,
  work: (reader: Reader) => Promise<number>,
): Promise<number> {
  const { openReading } = await import("./wire-session.ts");
  const opened = await openReading(args, io);
  if (!opened.ok) return sayFailure(io, args.json, opened.failure);
  try {
    return await work(opened.value.reader);
  } finally {
    opened.value.close();
  }
}

/** Prints a result's value, or its failure. */
export function answer<T>(io: Io, json: boolean, result: Result<T>, say: (value: T) => number): number {
  return result.ok ? say(result.value) : sayFailure(io, json, result.failure);
}

/** Who asks, for the records. */
export const whoAsks = (io: Io): string =>
  io.env["SUDO_USER"] ?? io.env["USER"] ?? io.env["LOGNAME"] ?? "unknown";

/** JSON whole, or text with a line end. */
export function print(io: Io, json: boolean, document: () => unknown, text: () => string): void {
  if (json) return io.stdout(jsonText(document()));
  const shown = text();
  if (shown !== "") io.stdout(shown.endsWith("\n") ? shown : `${shown}\n`);
}

/** Colours only for a person's eyes, and not for one who does not want them (no-color.org). */
export const wantsColor = (io: Io): boolean => io.isTTY.stdout && (io.env["NO_COLOR"] ?? "") === "";
