/** A few kept shells to one host with one set of credentials, for steps that run side by side. */
import { trouble, type Outcome, type Trouble } from "../outcome.ts";
import type { RemoteShell, ShellAnswer, ShellScript } from "./remote-shell.ts";
import { createShelf } from "./shelf.ts";
import { createTurns } from "./turns.ts";

export interface ShellLimits {
  /** Shells to one host at a time. */
  readonly shells: number;
  /** A new connection, with key exchange and login. */
  readonly connectMs: number;
  /** One script. */
  readonly callMs: number;
  /** From asking whether a host is there to the answer. */
  readonly pingMs: number;
  /** Shells that nobody needed for so long are closed, all but one. */
  readonly idleMs: number;
  /** That one is closed after so long. */
  readonly lastMs: number;
  /** After a failed connection the next is not tried for so long: 200 resources of a dead host wait once. */
  readonly retryMs: number;
}

export const SHELL_LIMITS: ShellLimits = {
  // sshd's MaxStartups starts to refuse at 10, MaxSessions is 10.
  shells: 4,
  connectMs: 10_000,
  // 10 MB over a line of 2 Mbit/s, and some.
  callMs: 60_000,
  pingMs: 10_000,
  idleMs: 60_000,
  // A login costs 0.1 to 0.2 s, and who commits often commits again soon.
  lastMs: 10 * 60_000,
  retryMs: 2_000,
};

/** Opens a shell that has answered once. */
export type OpenShell = (signal: AbortSignal) => Promise<Outcome<RemoteShell>>;

export interface ShellPool {
  /** Trouble of kind `unreachable`: no shell was to be had, so nothing was done. */
  run(script: ShellScript): Promise<Outcome<ShellAnswer>>;
  /** For a script that only looks: it runs again where its shell is lost, as the kept ones are after a reboot. */
  look(script: ShellScript): Promise<Outcome<ShellAnswer>>;
  /** Forgets that a connection failed a moment ago: the next one is tried. */
  askAnew(): void;
  close(): Promise<void>;
}

interface Failed {
  readonly trouble: Trouble;
  /** On the monotonic clock. */
  readonly until: number;
}

const isFresh = ({ until }: Failed): boolean => performance.now() < until;

const looking =
  (run: ShellPool["run"]): ShellPool["look"] =>
  async script => {
    const first = await run(script);
    return !first.ok && first.trouble.kind === "failed" ? run(script) : first;
  };

export function createShellPool(open: OpenShell, limits: ShellLimits): ShellPool {
  const shelf = createShelf(limits);
  const turns = createTurns<RemoteShell>();
  const closing = new AbortController();
  let opening = 0;
  let failed: Failed | undefined;

  function serve(): void {
    while (turns.length() > 0) {
      const shell = shelf.take();
      if (!shell) break;
      turns.serve(shell);
    }
    // The first connection shows whether the host is there at all; only then come more.
    const allowed = shelf.size() === 0 ? 1 : limits.shells;
    if (turns.length() > opening && shelf.size() + opening < allowed) void openOne();
  }

  async function openOne(): Promise<void> {
    opening += 1;
    const opened = await open(closing.signal);
    opening -= 1;
    if (!opened.ok) return fail(opened.trouble);
    if (closing.signal.aborted) return opened.value.kill();
    failed = undefined;
    shelf.add(opened.value);
    serve();
  }

  function fail(why: Trouble): void {
    failed = { trouble: why, until: performance.now() + limits.retryMs };
    // Where other shells live, their next free moment serves those who wait.
    if (shelf.size() === 0) turns.refuse(why);
  }

  async function takeShell(signal: AbortSignal): Promise<Outcome<RemoteShell>> {
    if (closing.signal.aborted || signal.aborted) return trouble("cancelled", "cancelled before it began");
    if (failed && shelf.size() === 0 && isFresh(failed)) return { ok: false, trouble: failed.trouble };
    const turn = turns.join(signal);
    serve();
    return turn;
  }

  async function run(script: ShellScript): Promise<Outcome<ShellAnswer>> {
    const shell = await takeShell(script.signal);
    if (!shell.ok) return shell;
    const answer = await shell.value.run(script);
    shelf.giveBack(shell.value);
    serve();
    return answer;
  }

  return {
    run,
    look: looking(run),
    askAnew: () => void (failed = undefined),
    async close() {
      closing.abort();
      turns.refuse({ kind: "cancelled", message: "the provider host is stopping" });
      await shelf.close();
    },
  };
}
