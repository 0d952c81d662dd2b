/** How programs are kept away from the machine, for who looks at the data folder beside the daemon. */
import type { ProgramIsolation } from "./ports/control.ts";
import type { Records } from "./ports/records.ts";
import type { StackDefinition } from "./ports/stack.ts";

const KEY = "isolation";

/** The only language whose programs can have boxes. */
export const BOXED_LANGUAGE = "nodejs";

const HOLDS: readonly ProgramIsolation["hold"][] = ["user", "namespace", "none"];

/** To be called by whoever runs programs. */
export const noteIsolation = (
  records: Pick<Records, "setSetting">,
  hold: ProgramIsolation["hold"],
): Promise<void> => records.setSetting(KEY, hold);

/** Undefined: nobody ran programs yet. */
export async function programIsolation(
  records: Pick<Records, "setting">,
  stacks: readonly Pick<StackDefinition, "name" | "runtime">[],
): Promise<ProgramIsolation | undefined> {
  const noted = await records.setting(KEY);
  const hold = HOLDS.find(one => one === noted);
  if (hold === undefined) return undefined;
  const open = stacks.filter(({ runtime }) => hold === "none" || runtime !== BOXED_LANGUAGE);
  return { hold, unboxed: open.map(({ name }) => name).sort() };
}
