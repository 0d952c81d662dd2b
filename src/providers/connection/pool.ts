/** Machines by connection. What costs (a remote shell) is shared by those who present the same credentials. */
import path from "node:path";
import { localMachine } from "./local.ts";
import type { Machine } from "./machine.ts";
import type { Connection } from "./spec.ts";

export interface ConnectionPool {
  machine(connection: Connection): Machine;
  /** Closes every kept shell. */
  close(): Promise<void>;
}

/** `base`: absolute folder that relative local roots are resolved against. */
export function createConnectionPool(base: string): ConnectionPool {
  const machine = (connection: Connection): Machine => {
    if (connection.kind === "local") return localMachine(path.resolve(base, connection.root));
    throw new Error("ssh comes next");
  };
  return { machine, close: async () => undefined };
}
