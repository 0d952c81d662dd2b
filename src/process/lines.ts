/** Lines that a child process says on a pipe. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Calls `onLine` with each line. An error of the pipe is the child's end, which is heard by other means: a child that
 * is killed before it has read what it was sent leaves ECONNRESET, and readline says that once more as its own.
 */
export function onLines(from: Readable, onLine: (line: string) => void): void {
  from.on("error", () => undefined);
  createInterface({ input: from })
    .on("error", () => undefined)
    .on("line", onLine);
}
