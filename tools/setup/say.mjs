/** What set-up tells: progress on stderr, so that stdout stays the verb's own. */

/** Set-up cannot go on, for a reason that a person can act on; shown without a stack. */
export class SetupError extends Error {}

export function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

/** On a terminal each word of progress is worth showing; in a log one every 15 s is. */
const LOG_EVERY_MS = 15_000;
const TERMINAL_EVERY_MS = 250;

/**
 * Answers `show(text)`, which drops what comes too often unless it begins with another word than the one before (a new
 * phase), and `end()`, which leaves a clean line behind.
 */
export function progress() {
  const terminal = process.stderr.isTTY === true;
  let last = 0;
  let open = false;
  let phase = "";
  return {
    show(text) {
      const now = Date.now();
      const samePhase = phase === text.split(" ", 1)[0];
      phase = text.split(" ", 1)[0];
      if (samePhase && now - last < (terminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return;
      last = now;
      open = terminal;
      process.stderr.write(terminal ? `\r\x1b[2Kholdfast: ${text}` : `holdfast: ${text}\n`);
    },
    end() {
      if (open) process.stderr.write("\r\x1b[2K");
      open = false;
    },
  };
}

/** "3.2 s" since `start`. */
export const seconds = start => `${((Date.now() - start) / 1000).toFixed(1)} s`;
