/** Entry of a dynamic provider's process in a box: the SDK's own, with the door for its network and its port. */
import { createRequire, enableCompileCache } from "node:module";
import path from "node:path";
import { exposeServers } from "./door/servers.ts";
import { useDoor } from "./door/use-door.ts";

/** Given when the process starts, as its only argument. */
export interface DynamicProviderOptions {
  /** Folder of the copy of `@pulumi/pulumi` whose provider it is. */
  readonly sdk: string;
  /** Folder of the sockets that are its network. */
  readonly door: string;
  /** gRPC address of the engine. */
  readonly engine: string;
  /** Folder of compiled code; it is only read. */
  readonly cache: string;
}

const options = JSON.parse(process.argv[2] ?? "{}") as DynamicProviderOptions;
useDoor(options.door);
enableCompileCache(path.join(options.cache, "compiled"));
exposeServers(options.door, options.sdk);
const entry = path.join(options.sdk, "cmd", "dynamic-provider", "index.js");
process.argv = [process.execPath, entry, options.engine];
createRequire(entry)(entry);
