/** One state moves in: taken over, and held against reality and program before anything may be applied. */
import type { Control } from "../engine/ports/control.ts";
import type { ImportedState } from "../engine/ports/state.ts";
import type { StackName } from "../engine/ports/stack.ts";
import type { Moved } from "../report/moved-state.ts";
import type { ImportSource } from "./import-source.ts";
import { verdictOf } from "./verdict.ts";

export interface Taking {
  readonly control: Control;
  readonly by: string;
  readonly force: boolean;
  readonly progress: (text: string) => void;
}

export interface Wanted {
  readonly stack: StackName;
  /** Its name in the source, where that is another one. */
  readonly name?: StackName;
}

const WHY = "its state was imported (holdfast import-state) and is not verified";

/**
 * A daemon applies what is committed as soon as there is a state: the stack is paused until the plan says that nothing
 * would change. One that is not in the repository, or is paused already, is left as it is.
 */
async function hold({ control, by }: Taking, stack: StackName): Promise<boolean> {
  const facts = (await control.overview()).stacks.find(one => one.stack === stack);
  if (facts?.pause) return false;
  return (await control.pause(stack, WHY, by)).ok;
}

async function verified(
  taking: Taking,
  stack: StackName,
  state: ImportedState,
  held: boolean,
): Promise<Moved> {
  taking.progress(`${stack}: taken over, now a plan`);
  const { control, by } = taking;
  // A preview with refresh, of the repository's head.
  const seen = verdictOf(await control.ask({ stacks: [stack], mode: "plan", by }));
  // Steps that nobody saw end are a person's to look at.
  const release = held && seen.verdict === "unchanged" && state.pending.length === 0;
  if (release) await control.resume(stack);
  return { stack, moved: true, state, paused: held && !release, ...seen };
}

export async function takeState(
  taking: Taking,
  source: ImportSource,
  { stack, name }: Wanted,
): Promise<Moved> {
  const { control, by, force, progress } = taking;
  if (source.shown !== undefined) progress(`${stack}: reading it from ${source.shown}`);
  const deployment = await source.load(name ?? stack);
  if (!deployment.ok) return { stack, moved: false, failure: deployment.failure };
  const held = await hold(taking, stack);
  const how = { force, by: `${by} (holdfast import-state)`, ...(name === undefined ? {} : { from: name }) };
  const imported = await control.importState(stack, deployment.value, how);
  if (imported.ok) return verified(taking, stack, imported.value, held);
  if (held) await control.resume(stack);
  return { stack, moved: false, failure: imported.failure };
}
