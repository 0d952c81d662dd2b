/** The shells to one host that live: those at work, and those that wait for it. */
import type { RemoteShell } from "./remote-shell.ts";

export interface Shelf {
  readonly size: () => number;
  /** A new one, which waits for work. */
  add(shell: RemoteShell): void;
  /** One that waits for work and lives. */
  take(): RemoteShell | undefined;
  /** Its work is done; one that did not survive it is forgotten. */
  giveBack(shell: RemoteShell): void;
  /** Resolves when every process is gone. */
  close(): Promise<void>;
}

export interface Rest {
  /** Those that wait for so long are closed, all but one. */
  readonly idleMs: number;
  /** The last one is kept for so long. */
  readonly lastMs: number;
}

export function createShelf({ idleMs, lastMs }: Rest): Shelf {
  const all = new Set<RemoteShell>();
  /** The one that worked last comes last. */
  const waiting: RemoteShell[] = [];
  let timers: readonly NodeJS.Timeout[] = [];

  function keep(count: number): void {
    waiting.splice(0, waiting.length - count).forEach(idle => idle.kill());
  }

  function put(shell: RemoteShell): void {
    waiting.push(shell);
    timers.forEach(clearTimeout);
    timers = [setTimeout(() => keep(1), idleMs).unref(), setTimeout(() => keep(0), lastMs).unref()];
  }

  /** The others lead to the same host: those that wait may be dead too, and not know it. */
  function forget(shell: RemoteShell): void {
    for (const one of [shell, ...waiting.splice(0)]) {
      one.kill();
      all.delete(one);
    }
  }

  return {
    size: () => all.size,
    add(shell) {
      all.add(shell);
      void shell.ended.then(() => all.delete(shell));
      put(shell);
    },
    take() {
      for (let shell = waiting.pop(); shell; shell = waiting.pop()) if (shell.isAlive()) return shell;
      return undefined;
    },
    giveBack: shell => (shell.isAlive() ? put(shell) : forget(shell)),
    async close() {
      timers.forEach(clearTimeout);
      all.forEach(shell => shell.kill());
      await Promise.all([...all].map(shell => shell.ended));
    },
  };
}
