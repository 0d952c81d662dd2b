/** The real process, as verbs see it. */
import { constants } from "node:os";
import type { Io } from "./command.ts";

const PLAIN_COLUMNS = 80;

/** A reader that has gone away (`| head`) is not an error: nobody is left to tell it to. */
function endQuietlyWithoutReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

function takeOverSignals(): AbortSignal {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) {
    process.on(signal, () => {
      // A second signal means it: 128 + N is what the shell says of a process that signal N ended.
      if (controller.signal.aborted) process.exit(128 + constants.signals[signal]);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

export function processIo(): Io {
  let stop: AbortSignal | undefined;
  [process.stdout, process.stderr].forEach(endQuietlyWithoutReader);
  return {
    stdout: text => void process.stdout.write(text),
    stderr: text => void process.stderr.write(text),
    stdin: process.stdin,
    isTTY: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY, stdin: process.stdin.isTTY },
    columns: process.stdout.columns || PLAIN_COLUMNS,
    env: process.env,
    cwd: process.cwd(),
    stopSignal: () => (stop ??= takeOverSignals()),
  };
}
