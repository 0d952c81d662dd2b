/** What a status report says of one stack. */
import type { Problem } from "../engine/failure.ts";
import type { Pause, StackStatus } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";
import type { StackName, StackSettings } from "../engine/ports/stack.ts";
import type { Lease } from "../engine/ports/state.ts";
import { deriveState, type ShownState } from "./state.ts";

export interface StackView extends ShownState {
  readonly stack: StackName;
  readonly status?: StackStatus;
  readonly pause?: Pause;
  readonly lease?: Lease;
  /** Why it cannot be read at the head. */
  readonly problems?: readonly Problem[];
}

export interface StatusInput {
  readonly statuses: readonly StackStatus[];
  readonly pauses: readonly Pause[];
  /** Stacks of the newest estate, with their settings. */
  readonly wanted: readonly { readonly name: StackName; readonly settings: StackSettings }[];
  /** Stacks that cannot be read there. Default: none. */
  readonly unread?: readonly { readonly name: StackName; readonly problems: readonly Problem[] }[];
  readonly head?: Revision;
  /** Default: nobody is at work. */
  readonly leases?: readonly Lease[];
  readonly now: number;
}

/** One view of each stack that is wanted or known, by name. */
export function stackViews(input: StatusInput): StackView[] {
  const { statuses, pauses, wanted, unread = [], head, leases = [], now } = input;
  const settings = new Map(wanted.map(stack => [stack.name, stack.settings]));
  const bad = new Map(unread.map(({ name, problems }) => [name, problems]));
  const known = new Map(statuses.map(status => [status.stack, status]));
  const paused = new Map(pauses.map(pause => [pause.stack, pause]));
  const names = [...new Set([...settings.keys(), ...bad.keys(), ...known.keys()])].sort();
  return names.map(stack => {
    const [status, pause, mine] = [known.get(stack), paused.get(stack), settings.get(stack)];
    const problems = bad.get(stack);
    const facts = { ...(status && { status }), ...(pause && { pause }), ...(problems && { problems }) };
    const lease = leases.find(one => one.stack === stack);
    return {
      stack,
      ...facts,
      ...(lease && { lease }),
      ...deriveState({ ...facts, now, ...(mine && { settings: mine }), ...(head && { head }) }),
    };
  });
}
