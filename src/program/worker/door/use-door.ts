/** To be called before anything of the program's is loaded. */
import { syncBuiltinESMExports } from "node:module";
import { sendLookupsThrough } from "./lookup.ts";
import { sendSocketsThrough } from "./sockets.ts";

/** `door`: the box's folder of sockets. `also`: HOST:PORT that are loopback outside, and meant. */
export function useDoor(door: string, also: readonly string[] = []): void {
  sendSocketsThrough(door, also);
  sendLookupsThrough(door);
  // For those who import the functions by name.
  syncBuiltinESMExports();
}
