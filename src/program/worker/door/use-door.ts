/** To be called before anything of the program's is loaded. */
import { syncBuiltinESMExports } from "node:module";
import { sendLookupsThrough } from "./lookup.ts";
import { sendSocketsThrough } from "./sockets.ts";

/** `door`: the box's folder of sockets. */
export function useDoor(door: string): void {
  sendSocketsThrough(door);
  sendLookupsThrough(door);
  // For those who import the functions by name.
  syncBuiltinESMExports();
}
