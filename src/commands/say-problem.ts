/** A mistake in what was asked for, said as any other failure: text on stderr, or the document of `--json`. */
import type { Io } from "./command.ts";
import { sayFailure } from "./with-control.ts";

/** Answers the exit code. `hint` is the way out. */
export const sayProblem = (io: Io, json: boolean, message: string, hint: string): number =>
  sayFailure(io, json, { kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });
