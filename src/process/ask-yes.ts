/** A question to the person at the terminal. */
import { createInterface } from "node:readline";

/** Only `y` or `yes` is a yes; the end of the input is none. */
export function askYes(
  input: NodeJS.ReadableStream,
  say: (text: string) => void,
  question: string,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const lines = createInterface({ input });
  say(`${question} [y/N] `);
  lines.once("line", line => {
    resolve(/^y(es)?$/i.test(line.trim()));
    lines.close();
  });
  lines.once("close", () => resolve(false));
  return promise;
}
