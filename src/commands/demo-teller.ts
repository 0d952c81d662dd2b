/** Tells the story to a person who watches. */
import { colors } from "../report/colors.ts";
import type { Io } from "./command.ts";

export interface Teller {
  title(number: number, title: string): void;
  /** Indented; `$` commands, and lines of a diff in their colours. */
  say(text: string): void;
  good(text: string, time: string): void;
  bad(text: string, time: string): void;
  /** Not indented. */
  line(text: string): void;
  end(ok: boolean, good: number, of: number, time: string): void;
}

/** Longer output of a command is cut: who wants more runs the demo with --keep. */
const MOST_LINES = 40;

/** On stdout, or on stderr where stdout is for a JSON document. */
export function createTeller(io: Io, json: boolean): Teller {
  const tty = json ? io.isTTY.stderr : io.isTTY.stdout;
  const paint = colors(tty && (io.env["NO_COLOR"] ?? "") === "");
  const write = (text: string): void => (json ? io.stderr(`${text}\n`) : io.stdout(`${text}\n`));
  const indent = (text: string): string => text.replaceAll("\n", "\n   ");
  const shade = (line: string): string => {
    if (line.startsWith("$ ")) return paint.strong(line);
    if (/^\s*\+ /.test(line)) return paint.added(line);
    return /^\s*- /.test(line) ? paint.removed(line) : line;
  };
  return {
    title: (number, title) => write(`\n${paint.strong(`${number}. ${title}`)}`),
    say(text) {
      if (text === "") return;
      const lines = text.split("\n");
      const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), "…"] : lines;
      for (const line of shown) write(`   ${shade(line)}`);
    },
    good: (text, time) => write(`   ${paint.added("✓")} ${indent(text)} ${paint.faint(`(${time})`)}`),
    bad: (text, time) => write(`   ${paint.removed("✗")} ${indent(text)} ${paint.faint(`(${time})`)}`),
    line: write,
    end: (ok, good, of, time) =>
      write(
        ok
          ? `\n${paint.strong(`All ${of} steps were verified on the hosts themselves, in ${time}.`)}`
          : `\n${paint.strong(`The demo failed: ${good} of ${of} steps were verified.`)}`,
      ),
  };
}
