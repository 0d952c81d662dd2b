/**
 * Whose hosts are listened to, and which of these stacks are to be looked at before their interval is over: those that are
 * new, those that a run has been at, and those whose hosts told that something changed.
 */
import type { StackStatus } from "../ports/records.ts";
import type { StackName } from "../ports/stack.ts";

export interface WatchedStack {
  readonly name: StackName;
  readonly status: StackStatus | undefined;
}

export interface Watching {
  /** Answers whether these are others than before. */
  update(stacks: readonly WatchedStack[]): boolean;
  changed(stacks: readonly StackName[]): void;
  /** A look at it begins: what is told from now on wants another. */
  begun(stack: StackName): void;
  /** It is to be looked at again then. */
  again(stack: StackName, at: number): void;
  isDue(stack: StackName, now: number): boolean;
}

interface Watched {
  /** As it is now, and as it was when a look began. A run puts another one. */
  readonly status: StackStatus | undefined;
  readonly looked?: StackStatus | undefined;
  /** When a look is due in any case. */
  readonly at?: number;
}

export function createWatching(): Watching {
  let all = new Map<StackName, Watched>();
  const put = (stack: StackName, change: (before: Watched) => Watched): void => {
    const before = all.get(stack);
    if (before) all.set(stack, change(before));
  };
  return {
    update(stacks) {
      const before = all;
      all = new Map(stacks.map(({ name, status }) => [name, { ...before.get(name), status }]));
      return all.size !== before.size || stacks.some(({ name }) => !before.has(name));
    },
    changed: stacks => stacks.forEach(stack => put(stack, before => ({ ...before, at: -Infinity }))),
    begun: stack => put(stack, ({ status }) => ({ status, looked: status })),
    again: (stack, at) => put(stack, before => ({ ...before, at: Math.min(at, before.at ?? Infinity) })),
    isDue(stack, now) {
      const watched = all.get(stack);
      return watched !== undefined && (watched.looked !== watched.status || (watched.at ?? Infinity) <= now);
    },
  };
}
