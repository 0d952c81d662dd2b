/** Joins two connections: what comes from one goes to the other, and they end together. */
import { chmodSync } from "node:fs";
import net from "node:net";

export function join(one: net.Socket, other: net.Socket): void {
  for (const socket of [one, other]) socket.setNoDelay(true);
  one.pipe(other);
  other.pipe(one);
  // Half of a pair that breaks ends the other; who spoke last on it has its own words for that.
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.on("close", () => other.destroy());
  other.on("close", () => one.destroy());
}

/** Listens on a socket file that the box's user may connect to. */
export function listenAt(file: string, onConnection: (socket: net.Socket) => void): Promise<net.Server> {
  // Programs may end their side first and still read.
  const server = net.createServer({ allowHalfOpen: true }, onConnection);
  const { promise, resolve, reject } = Promise.withResolvers<net.Server>();
  server.once("error", reject);
  server.listen(file, () => {
    chmodSync(file, 0o666);
    server.off("error", reject);
    // Later errors are single connections that could not be accepted (too many open files): their callers see that.
    server.on("error", () => undefined);
    resolve(server);
  });
  return promise;
}
