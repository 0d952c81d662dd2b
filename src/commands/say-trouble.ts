/** The end of a command that threw: where disk or database are to blame, that is said as any other failure. */
import type { GlobalArgs, Io } from "./command.ts";
import { serveExit } from "./run-exit.ts";
import { troubleOf } from "./wire-trouble.ts";
import { sayFailure } from "./with-control.ts";

/** Those that every verb has; src/cli.ts has them checked. */
const isGlobal = (
  args: Readonly<Record<string, unknown>>,
): args is Readonly<Record<string, unknown>> & GlobalArgs => "json" in args && "data" in args;

/** Answers the exit code; undefined where it is a bug. */
export async function sayTrouble(
  error: unknown,
  args: Readonly<Record<string, unknown>>,
  verb: string,
  io: Io,
): Promise<number | undefined> {
  if (!isGlobal(args)) return undefined;
  const failure = await troubleOf(error, args, io).catch(() => undefined);
  if (!failure) return undefined;
  const code = sayFailure(io, args.json, failure);
  return verb === "serve" ? serveExit(failure, code) : code;
}
