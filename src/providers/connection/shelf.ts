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

/** `idleMs`: those that wait for so long are closed. */
export function createShelf(idleMs: number): Shelf {
  const all = new Set<RemoteShell>();
  const waiting: RemoteShell[] = [];
  let timer: NodeJS.Timeout | undefined;

  function put(shell: RemoteShell): void {
    waiting.push(shell);
    clearTimeout(timer);
    timer = setTimeout(() => waiting.splice(0).forEach(idle => idle.kill()), idleMs).unref();
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
      clearTimeout(timer);
      all.forEach(shell => shell.kill());
      await Promise.all([...all].map(shell => shell.ended));
    },
  };
}
