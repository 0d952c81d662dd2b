/** Machines by connection. What costs (a kept shell) is shared by those who present the same credentials. */
import path from "node:path";
import { localMachine } from "./local.ts";
import { localShell, type LocalShell } from "./local-shell.ts";
import type { Machine } from "./machine.ts";
import { SHELL_LIMITS, type ShellLimits } from "./shell-pool.ts";
import type { Connection } from "./spec.ts";
import { sshMachine, type SshMachine } from "./ssh.ts";

export interface ConnectionPool {
  machine(connection: Connection): Machine;
  /** Hosts that did not answer a moment ago are asked again. */
  askAnew(): void;
  /** Closes every kept shell. */
  close(): Promise<void>;
}

/** `base`: absolute folder that relative local roots and identity files are resolved against. */
export function createConnectionPool(base: string, limits: ShellLimits = SHELL_LIMITS): ConnectionPool {
  /** By everything that a connection says, credentials included. */
  const remote = new Map<string, SshMachine>();
  let own: LocalShell | undefined;

  function local(root: string): Machine {
    if (root !== "/") return localMachine(root);
    own ??= localShell(limits);
    return localMachine(root, own);
  }

  return {
    machine(connection) {
      if (connection.kind === "local") return local(path.resolve(base, connection.root));
      const key = JSON.stringify(connection);
      const known = remote.get(key);
      if (known) return known;
      const machine = sshMachine(connection, limits, base);
      remote.set(key, machine);
      return machine;
    },
    askAnew() {
      for (const machine of remote.values()) machine.askAnew();
    },
    async close() {
      await Promise.all([own?.close(), ...[...remote.values()].map(machine => machine.close())]);
      remote.clear();
      own = undefined;
    },
  };
}
