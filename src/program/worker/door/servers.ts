/** gRPC servers of a boxed program: the engine calls transforms and hooks back, and dynamic providers are servers. */
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { ask, asError, connectDirectly } from "./ask.ts";

type Done = (error: Error | null, port: number) => void;
type Bind = (this: object, address: string, credentials: unknown, done: Done) => void;
interface Grpc {
  readonly Server: { readonly prototype: object };
}

/** One connection waits at the door; when a caller comes it is led to our server, and another one waits. */
function answerCallers(socket: string, port: number): void {
  const near = new net.Socket({ allowHalfOpen: true });
  near.once("data", (first: Buffer) => {
    near.pause();
    answerCallers(socket, port);
    const server = new net.Socket({ allowHalfOpen: true });
    for (const end of [near, server]) end.unref();
    server.on("error", () => near.destroy());
    near.on("close", () => server.destroy());
    server.on("close", () => near.destroy());
    connectDirectly.call(server, { host: "127.0.0.1", port });
    server.write(first);
    near.pipe(server);
    server.pipe(near);
  });
  // The door is closed when the run is over.
  near.on("error", () => undefined);
  connectDirectly.call(near, { path: socket });
  near.unref();
}

const SYSTEMS_CHOICE = /^(127\.0\.0\.1|localhost|0\.0\.0\.0):0$/;

/** Servers on a port of the system's choice get one that is theirs outside as well. `sdk`: whose copy of gRPC it is. */
export function exposeServers(door: string, sdk: string): void {
  const { Server } = createRequire(path.join(sdk, "package.json"))("@grpc/grpc-js") as Grpc;
  const original = Reflect.get(Server.prototype, "bindAsync") as Bind;
  const bindAsync: Bind = function bindAsync(address, credentials, done) {
    if (!SYSTEMS_CHOICE.test(address)) return original.call(this, address, credentials, done);
    const bind = (socket: string, port: number): void =>
      original.call(this, `127.0.0.1:${port}`, credentials, (error, bound) => {
        if (!error) answerCallers(socket, port);
        done(error, bound);
      });
    ask(door, { ask: "listen" }).then(
      ({ socket = "", port = 0 }) => bind(socket, port),
      (error: unknown) => done(asError(error), 0),
    );
  };
  Object.assign(Server.prototype, { bindAsync });
}
