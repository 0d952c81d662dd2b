/** Where a daemon listens for commands of the same user: a socket in its data folder. */
import { openSync } from "node:fs";
import path from "node:path";

/** A socket's address has room for 107 bytes (sun_path, unix(7)). */
const MAX_ADDRESS = 107;

/** A folder with a longer name is reached through an open descriptor of it, which stays open as long as we live. */
export function socketOf(data: string): string {
  const direct = path.join(data, "daemon.sock");
  if (Buffer.byteLength(direct) <= MAX_ADDRESS) return direct;
  return `/proc/self/fd/${openSync(data, "r")}/daemon.sock`;
}
