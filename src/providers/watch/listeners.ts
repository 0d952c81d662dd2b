/** Hosts that tell when something changes there: one session for each host and credential, whoever's the stacks are. */
import type { Heard } from "../../engine/ports/probe.ts";
import type { Question } from "../connection/questions.ts";
import type { Connection } from "../connection/spec.ts";
import { createListener, type Listener, type ListenerLimits } from "./listener.ts";
import { openSession } from "./session.ts";

export interface ListenersLimits extends ListenerLimits {
  /** Hosts that are listened to at one time; the others are left to the interval. */
  readonly most: number;
}

export const LISTENERS_LIMITS: ListenersLimits = {
  most: 64,
  gatherMs: 200,
  retryMs: 1_000,
  retryMostMs: 60_000,
  steadyMs: 60_000,
  unableMs: 30 * 60_000,
};

/** What a look asked about on one host. */
export interface HostPart {
  readonly key: string;
  readonly connection: Connection;
  readonly questions: readonly Question[];
}

export interface Listeners {
  /** These stacks, and no others. What to listen for comes with their looks. */
  readonly want: (stacks: readonly string[]) => void;
  /** Of a stack that is not wanted: nothing happens. */
  readonly looked: (stack: string, parts: readonly HostPart[]) => void;
  /** Resolves when the hosts have put away what was there. */
  readonly close: () => Promise<void>;
}

export interface ListenersOptions {
  readonly heard: Heard;
  readonly describe: (connection: Connection) => { readonly name: string; readonly system: boolean };
  /** Relative identity files count from here. */
  readonly cwd: string;
  /** A host came back, or came at all: whoever took it for dead is to ask it anew. */
  readonly onReady: (host: Omit<HostPart, "questions">) => Promise<void>;
  /** A host that tells is there. */
  readonly onTold: (key: string) => void;
  /** These two are for tests. */
  readonly limits?: ListenersLimits;
  readonly open?: typeof openSession;
}

export function createListeners(options: ListenersOptions): Listeners {
  const { heard, describe, cwd, limits = LISTENERS_LIMITS, open = openSession } = options;
  const listeners = new Map<string, Listener>();
  const said = new Set<string>();
  const closing = new Set<Promise<void>>();
  let wanted: ReadonlySet<string> = new Set();

  function say(host: string, why: string, what = `${host} ${why}`): void {
    if (said.has(what)) return;
    said.add(what);
    heard.deaf(host, why);
  }

  function hasRoom(host: string): boolean {
    const room = [...listeners.values()].filter(one => one.isOpen()).length < limits.most;
    if (!room) say(host, `no more than ${limits.most} hosts are listened to at a time`, "no room");
    return room;
  }

  function close(key: string, listener: Listener): void {
    listeners.delete(key);
    const closed = listener.close();
    closing.add(closed);
    void closed.then(() => closing.delete(closed));
  }

  function forget(stack: string, but: ReadonlySet<string>): void {
    let freed = false;
    for (const [key, listener] of listeners) {
      if (but.has(key) || !listener.remove(stack)) continue;
      close(key, listener);
      freed = true;
    }
    if (freed) for (const listener of listeners.values()) listener.wake();
  }

  function listenerOf({ key, connection }: HostPart): Listener {
    const known = listeners.get(key);
    if (known) return known;
    const { name } = describe(connection);
    const made = createListener({
      ...{ connection, limits, cwd, open },
      hasRoom: () => hasRoom(name),
      onReady: () => options.onReady({ key, connection }),
      onChanged(stacks) {
        options.onTold(key);
        heard.changed(stacks);
      },
      onUnable: why => say(name, why),
    });
    listeners.set(key, made);
    return made;
  }

  return {
    want(stacks) {
      const before = wanted;
      wanted = new Set(stacks);
      for (const stack of before) if (!wanted.has(stack)) forget(stack, new Set());
    },
    looked(stack, parts) {
      if (!wanted.has(stack)) return;
      // A folder that stands for a host has no systemd.
      const real = parts.filter(({ connection }) => describe(connection).system);
      forget(stack, new Set(real.map(({ key }) => key)));
      for (const one of real) listenerOf(one).put(stack, one.questions);
    },
    async close() {
      wanted = new Set();
      for (const [key, listener] of [...listeners]) close(key, listener);
      await Promise.all(closing);
    },
  };
}
