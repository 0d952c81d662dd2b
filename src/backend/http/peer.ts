/** Who is at the other end of a connection: on this machine its process, as Linux knows it (proc(5)), else its address. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import type { Holder } from "../../engine/ports/state.ts";
import { processStartTime } from "../../process/session.ts";

/** A connection's two ends, as our side of it says them. */
export interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localPort?: number | undefined;
}

const HEX = 16;
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
/** Fields of a line of /proc/net/tcp. */
const LOCAL = 1;
const REMOTE = 2;
const INODE = 9;

const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);
const portOf = (field: string | undefined): number => Number.parseInt(field?.split(":")[1] ?? "", HEX);

/** Undefined where the file is not there or not ours to read: another system, another user's process. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The inode of the other end's socket. */
function socketOf({ remotePort, localPort }: Ends): string | undefined {
  for (const table of TABLES) {
    for (const line of (attempt(() => readFileSync(table, "utf8")) ?? "").split("\n")) {
      const fields = line.trim().split(/\s+/);
      if (portOf(fields[LOCAL]) === remotePort && portOf(fields[REMOTE]) === localPort) return fields[INODE];
    }
  }
  return undefined;
}

function holds(pid: number, link: string): boolean {
  const names = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return names.some(name => attempt(() => readlinkSync(`/proc/${pid}/fd/${name}`)) === link);
}

/** Newest processes first: a CLI that starts an update was itself started a moment ago. */
function processWith(inode: string): number | undefined {
  const pids = (attempt(() => readdirSync("/proc")) ?? []).filter(name => /^\d+$/.test(name)).map(Number);
  const link = `socket:[${inode}]`;
  return pids.sort((a, b) => b - a).find(pid => holds(pid, link));
}

export function describeProcess(pid: number, host = os.hostname()): Holder {
  const program = attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim());
  const startTime = processStartTime(pid);
  return { host, pid, ...(program && { program }), ...(startTime !== undefined && { startTime }) };
}

/** Reads much of /proc: for what happens once in an update, not for each request. */
export function findPeer(ends: Ends): Holder {
  const address = ends.remoteAddress ?? "";
  if (!isLoopback(address)) return { host: address || "an unknown address" };
  const inode = socketOf(ends);
  const pid = inode === undefined || inode === "0" ? undefined : processWith(inode);
  return pid === undefined ? { host: os.hostname() } : describeProcess(pid);
}
