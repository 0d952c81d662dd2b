/** Program processes that wait for a run, loaded ahead of need. */
import { availableParallelism } from "node:os";
import type { ProgramProcess } from "./program-process.ts";

/** Loading takes 0.7 s of a core. On a machine with fewer cores than this the runs under way would pay for it. */
const ROOMY_CORES = 4;
/** After a run another often follows at once: the apply after its plan. */
const QUIET_MS = 300;
/** A second later, where still nothing runs, there is time to make them better. */
const IDLE_MS = 1_000;
/** Runs that follow each other without end: they pay for the loading anyway. Longer than most runs take. */
const BUSY_MS = 10_000;
/** Lockfiles with an SDK of their own, the last used ones: each has spare processes of about 200 MB. */
const MAX_SDKS = 2;

export interface SpareProcesses {
  /** One that waits, or a new one. */
  next(sdk: string): ProgramProcess;
  /** Starts those of these SDK folders, and lets others go. */
  keep(sdks: readonly string[]): void;
  close(): Promise<void>;
}

export interface SpareOptions {
  /** Kept for each SDK folder. */
  readonly count: number;
  readonly start: (sdk: string) => ProgramProcess;
}

export function createSpareProcesses({ count, start }: SpareOptions): SpareProcesses {
  /** By SDK folder, the last used one last. */
  const waiting = new Map<string, ProgramProcess[]>();
  const roomy = availableParallelism() >= ROOMY_CORES;
  let closed = false;
  let inUse = 0;
  let lackingSince: number | undefined;
  let timer: NodeJS.Timeout | undefined;

  const ready = (sdk: string): ProgramProcess[] =>
    (waiting.get(sdk) ?? []).filter(process => process.alive());

  const drop = (sdk: string): void => {
    for (const process of waiting.get(sdk) ?? []) void process.stop();
    waiting.delete(sdk);
  };

  const practice = practiceOf({
    all: () => [...waiting.keys()].flatMap(ready),
    idle: () => inUse === 0,
  });

  const fill = (): void => {
    lackingSince = undefined;
    for (const sdk of waiting.keys()) {
      const spare = ready(sdk);
      while (spare.length < count) spare.push(start(sdk));
      waiting.set(sdk, spare);
    }
    practice.soon();
  };

  const fillLater = (): void => {
    clearTimeout(timer);
    if (closed) return;
    lackingSince ??= performance.now();
    const busy = lackingSince + BUSY_MS - performance.now();
    timer = setTimeout(fill, inUse === 0 || roomy ? QUIET_MS : Math.max(0, busy)).unref();
  };

  return {
    next(sdk) {
      const spare = ready(sdk);
      // Rather one that need not come to an end with something first.
      const process = spare.find(one => one !== practice.busy()) ?? spare[0] ?? start(sdk);
      if (spare.includes(process)) spare.splice(spare.indexOf(process), 1);
      waiting.delete(sdk);
      waiting.set(sdk, spare);
      for (const old of [...waiting.keys()].slice(0, -MAX_SDKS)) drop(old);
      inUse++;
      fillLater();
      void process.ended.then(() => {
        inUse--;
        fillLater();
      });
      return process;
    },
    keep(sdks) {
      for (const sdk of waiting.keys()) if (!sdks.includes(sdk)) drop(sdk);
      for (const sdk of sdks) waiting.set(sdk, ready(sdk));
      fill();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const spare = [...waiting.values()].flat();
      waiting.clear();
      await Promise.all(spare.map(process => process.stop()));
    },
  };
}

interface Waiting {
  readonly all: () => readonly ProgramProcess[];
  /** Whether nothing runs. */
  readonly idle: () => boolean;
}

/** They rehearse, one after the other, as long as there is time for it. */
function practiceOf({ all, idle }: Waiting): { soon(): void; busy(): ProgramProcess | undefined } {
  const practised = new WeakSet<ProgramProcess>();
  let busy: ProgramProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  const practise = async (): Promise<void> => {
    while (!busy && idle()) {
      busy = all().find(process => !practised.has(process));
      if (!busy) return;
      await busy.ready;
      if (idle() && !(await busy.rehearse())) practised.add(busy);
      busy = undefined;
    }
  };
  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(() => void practise(), IDLE_MS).unref();
    },
    busy: () => busy,
  };
}
