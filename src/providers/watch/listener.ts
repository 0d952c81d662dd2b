/** One host that is listened to: its session is what its stacks want it to be, and is opened again where it is lost. */
import type { Question } from "../connection/questions.ts";
import type { Connection } from "../connection/spec.ts";
import { createPace } from "./pace.ts";
import { placesOf, type Places } from "./places.ts";
import type { openSession, Session, SessionEnd } from "./session.ts";

export interface ListenerLimits {
  /** What many stacks of a host want comes within this. */
  readonly gatherMs: number;
  /** Until a host that was lost is tried again; doubles with each time. */
  readonly retryMs: number;
  readonly retryMostMs: number;
  /** After it told for so long, a loss counts as the first. */
  readonly steadyMs: number;
  /** Until one that cannot do it is asked again. */
  readonly unableMs: number;
}

export interface ListenerOptions {
  readonly connection: Connection;
  readonly limits: ListenerLimits;
  /** Relative identity files count from here. */
  readonly cwd: string;
  readonly open: typeof openSession;
  /** Whether there is room for one more session; otherwise it waits for `wake`. */
  readonly hasRoom: () => boolean;
  /** The host is there, perhaps again; what happened before that, nobody has told. */
  readonly onReady: () => Promise<void>;
  readonly onChanged: (stacks: readonly string[]) => void;
  readonly onUnable: (why: string) => void;
}

export interface Listener {
  put(stack: string, questions: readonly Question[]): void;
  /** Answers whether nobody is left. */
  remove(stack: string): boolean;
  readonly isOpen: () => boolean;
  /** There may be room now. */
  wake(): void;
  /** Resolves when the host has put away what was there. */
  close(): Promise<void>;
}

interface Open {
  readonly session: Session;
  /** What it watches, as text. */
  readonly watches: string;
}

/** When a lost session is tried again. */
const waitAfter = (losses: number, { unable }: SessionEnd, limits: ListenerLimits): number =>
  unable === undefined ? Math.min(limits.retryMs * 2 ** losses, limits.retryMostMs) : limits.unableMs;

export function createListener({ connection, limits, cwd, open, ...world }: ListenerOptions): Listener {
  const stacks = new Map<string, readonly Question[]>();
  const pace = createPace(() => world.onChanged([...stacks.keys()]));
  let now: Open | undefined;
  let former: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let [losses, closed] = [0, false];

  /** Once, and not sooner than that. */
  function later(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      refresh();
    }, ms);
  }

  function part(): void {
    if (!now) return;
    const { session } = now;
    now = undefined;
    session.close();
    former = Promise.all([former, session.ended]);
  }

  function begin(places: Places, watches: string): void {
    const hasBegun = performance.now();
    const ready = (): void => void world.onReady().finally(pace.heard);
    const session = open(connection, places, { ready, told: pace.heard }, cwd);
    const own: Open = { session, watches };
    now = own;
    void session.ended.then(end => {
      if (now !== own) return;
      now = undefined;
      if (end.unable !== undefined) world.onUnable(end.unable);
      if (performance.now() - hasBegun > limits.steadyMs) losses = 0;
      later(waitAfter(losses, end, limits));
      losses += 1;
    });
  }

  /** What is listened for, and what is to be, are made one. */
  function refresh(): void {
    if (closed) return;
    const places = placesOf([...stacks.values()].flat());
    const watches = JSON.stringify(places);
    if (watches === now?.watches) return;
    part();
    if (places.paths.length + places.services.length > 0 && world.hasRoom()) begin(places, watches);
  }

  return {
    put(stack, questions) {
      if (stacks.get(stack) === questions) return;
      stacks.set(stack, questions);
      // A host that was lost is not tried sooner because somebody else wants it too.
      if (now || !timer) later(limits.gatherMs);
    },
    remove(stack) {
      if (stacks.delete(stack) && now) later(limits.gatherMs);
      return stacks.size === 0;
    },
    isOpen: () => now !== undefined,
    wake() {
      if (!now && !timer) later(limits.gatherMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      pace.stop();
      part();
      await former;
    },
  };
}
