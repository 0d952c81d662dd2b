/** Statuses and pauses in memory, as the records hold them: the loop asks them for every stack, every second. */
import type { Pause, Records, StackStatus } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";

export interface Board {
  load(): Promise<void>;
  status(stack: StackName): StackStatus | undefined;
  statuses(): readonly StackStatus[];
  /** After the records took it. */
  put(status: StackStatus): void;
  forget(stack: StackName): void;
  pause(stack: StackName): Pause | undefined;
  setPause(stack: StackName, pause: Pause | undefined): void;
}

export function createBoard(records: Records): Board {
  const statuses = new Map<StackName, StackStatus>();
  const pauses = new Map<StackName, Pause>();
  return {
    async load() {
      for (const status of await records.statuses()) statuses.set(status.stack, status);
      for (const pause of await records.pauses()) pauses.set(pause.stack, pause);
    },
    status: stack => statuses.get(stack),
    statuses: () => [...statuses.values()],
    put: status => void statuses.set(status.stack, status),
    forget: stack => void statuses.delete(stack),
    pause: stack => pauses.get(stack),
    setPause: (stack, pause) => void (pause ? pauses.set(stack, pause) : pauses.delete(stack)),
  };
}
