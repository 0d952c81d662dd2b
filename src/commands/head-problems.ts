/** What of the newest commit cannot be read, where somebody asked for all stacks: a project without a name has no run that says so. */
import type { Control } from "../engine/ports/control.ts";
import { problemsText } from "../report/head-problems.ts";
import type { Io } from "./command.ts";

const FAILED = 1;

/** Says it on stderr; the exit code is then that of a failure. `stacks`: what was asked for. */
export async function sayUnread(
  io: Pick<Io, "stderr">,
  control: Pick<Control, "overview">,
  stacks: readonly string[],
  exit: number,
): Promise<number> {
  if (stacks.length > 0) return exit;
  const { problems, head } = await control.overview();
  for (const text of problemsText(problems, head)) io.stderr(`${text}\n`);
  return problems ? FAILED : exit;
}
