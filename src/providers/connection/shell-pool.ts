/** A few kept shells to one host with one set of credentials, for steps that run side by side. */
import { trouble, type Outcome, type Trouble } from "../outcome.ts";
import type { RemoteShell, ShellAnswer, ShellScript } from "./remote-shell.ts";
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
  /** A shell that nobody needed for so long is closed. */
  readonly idleMs: number;
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
  retryMs: 2_000,
};

/** Opens a shell that has answered once. */
export type OpenShell = (signal: AbortSignal) => Promise<Outcome<RemoteShell>>;

export interface ShellPool {
  /** Trouble of kind `unreachable`: no shell was to be had, so nothing was done. */
  run(script: ShellScript): Promise<Outcome<ShellAnswer>>;
  /** The same for one who asks whether the host is there: what was found a moment ago does not count. */
  probe(script: ShellScript): Promise<Outcome<ShellAnswer>>;
  close(): Promise<void>;
}

interface Failed {
  readonly trouble: Trouble;
  /** On the monotonic clock. */
  readonly until: number;
}

const isFresh = ({ until }: Failed): boolean => performance.now() < until;

export function createShellPool(open: OpenShell, limits: ShellLimits): ShellPool {
  const free: RemoteShell[] = [];
  const all = new Set<RemoteShell>();
  const turns = createTurns<RemoteShell>();
  const closing = new AbortController();
  let opening = 0;
  let idleTimer: NodeJS.Timeout | undefined;
  let failed: Failed | undefined;

  function serve(): void {
    while (turns.length() > 0) {
      const shell = free.pop();
      if (!shell) break;
      if (shell.isAlive()) turns.serve(shell);
    }
    // The first connection shows whether the host is there at all; only then come more.
    const allowed = all.size === 0 ? 1 : limits.shells;
    if (turns.length() > opening && all.size + opening < allowed) void openOne();
  }

  async function openOne(): Promise<void> {
    opening += 1;
    const opened = await open(closing.signal);
    opening -= 1;
    if (!opened.ok) return fail(opened.trouble);
    const shell = opened.value;
    if (closing.signal.aborted) return shell.kill();
    failed = undefined;
    all.add(shell);
    void shell.ended.then(() => all.delete(shell));
    free.push(shell);
    serve();
  }

  function fail(why: Trouble): void {
    failed = { trouble: why, until: performance.now() + limits.retryMs };
    // Where other shells live, their next free moment serves those who wait.
    if (all.size === 0) turns.refuse(why);
  }

  async function takeShell(signal: AbortSignal): Promise<Outcome<RemoteShell>> {
    if (closing.signal.aborted || signal.aborted) return trouble("cancelled", "cancelled before it began");
    if (failed && all.size === 0 && isFresh(failed)) return { ok: false, trouble: failed.trouble };
    const turn = turns.join(signal);
    serve();
    return turn;
  }

  function giveBack(shell: RemoteShell): void {
    if (shell.isAlive()) free.push(shell);
    else all.delete(shell);
    serve();
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => free.splice(0).forEach(idle => idle.kill()), limits.idleMs).unref();
  }

  async function run(script: ShellScript): Promise<Outcome<ShellAnswer>> {
    const shell = await takeShell(script.signal);
    if (!shell.ok) return shell;
    const answer = await shell.value.run(script);
    giveBack(shell.value);
    return answer;
  }

  return {
    run,
    probe(script) {
      failed = undefined;
      return run(script);
    },
    async close() {
      closing.abort();
      clearTimeout(idleTimer);
      turns.refuse({ kind: "cancelled", message: "the provider host is stopping" });
      all.forEach(shell => shell.kill());
      await Promise.all([...all].map(shell => shell.ended));
    },
  };
}
