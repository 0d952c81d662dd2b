/**
 * The only way out of a box: socket files in its folder. Each leads to what we choose: the engine and the monitor of
 * the run, and on request, where the rule allows it, another machine. The box has no other network.
 */
import net from "node:net";
import path from "node:path";
import { isAllowed, lookUp, type Network } from "./network.ts";
import { join, listenAt } from "./relay.ts";
import { MAX_REQUEST, readRequest, type DoorAnswer, type DoorRequest } from "./requests.ts";

/** Connections of one program at a time, and ports that it has the engine call: more is a mistake or an attack. */
const MAX_CONNECTIONS = 256;
const MAX_PORTS = 16;
/** How long a connection may take to be made, and then to be used. */
const CONNECT_MS = 30_000;

/** Name of the socket that requests go to. */
export const REQUESTS = "door";

export interface Door {
  /**
   * A gRPC address inside the box that leads to HOST:PORT outside; callers wait until that is known. Rejects where the
   * folder is gone.
   */
  lead(name: "engine" | "monitor", address: Promise<string>): Promise<string>;
  close(): void;
}

export interface DoorOptions {
  /** The box's folder on the outside, and as the box sees it. */
  readonly outside: string;
  readonly inside: string;
  readonly network: Network;
}

interface Live {
  readonly servers: Set<net.Server>;
  readonly sockets: Set<net.Socket>;
  ports: number;
  names: number;
}

const refused = (code: string, message: string): DoorAnswer => ({ code, message });

function track(live: Live, socket: net.Socket): net.Socket {
  live.sockets.add(socket);
  socket.once("close", () => live.sockets.delete(socket));
  return socket;
}

function connectTo(host: string, port: number): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const socket = net.connect({ host, port, allowHalfOpen: true });
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`no answer in ${CONNECT_MS / 1000} s`)));
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.setTimeout(0);
    socket.off("error", reject);
    resolve(socket);
  });
  return promise;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "ECONNREFUSED";

/** A socket file for exactly one connection, which then leads to `far`. */
async function offer(live: Live, options: DoorOptions, far: net.Socket): Promise<string> {
  const name = `c${++live.names}`;
  const server = await listenAt(path.join(options.outside, name), near => {
    server.close();
    clearTimeout(unused);
    join(track(live, near), far);
  });
  live.servers.add(server);
  const unused = setTimeout(() => {
    server.close();
    far.destroy();
  }, CONNECT_MS).unref();
  server.once("close", () => live.servers.delete(server));
  far.once("close", () => server.close());
  return path.join(options.inside, name);
}

async function connectOut(
  live: Live,
  options: DoorOptions,
  { host, port }: { host: string; port: number },
): Promise<DoorAnswer> {
  if (live.sockets.size >= MAX_CONNECTIONS) return refused("EMFILE", "too many connections of one program");
  const found = await lookUp(host);
  const open = found.filter(({ address }) => isAllowed({ address, host, port }, options.network));
  if (open.length === 0)
    return refused("EACCES", `holdfast lets programs reach no ${host}:${port} (see programNetwork)`);
  let last: unknown;
  for (const { address } of open) {
    try {
      return { socket: await offer(live, options, track(live, await connectTo(address, port))) };
    } catch (error) {
      last = error;
    }
  }
  return refused(codeOf(last), `connect ${host}:${port}: ${String(last)}`);
}

/** Callers of a port outside wait until the program has a connection for them. */
async function openPort(live: Live, options: DoorOptions): Promise<DoorAnswer> {
  if (live.ports >= MAX_PORTS) return refused("EMFILE", "too many ports of one program");
  live.ports++;
  const callers: net.Socket[] = [];
  const waiting: net.Socket[] = [];
  const pair = (): void => {
    while (callers.length > 0 && waiting.length > 0) {
      const [caller, near] = [callers.shift(), waiting.shift()];
      if (caller && near) join(caller, near);
    }
  };
  const name = `p${++live.names}`;
  const inner = await listenAt(path.join(options.outside, name), near => {
    if (live.sockets.size >= MAX_CONNECTIONS) return near.destroy();
    near.on("error", () => undefined);
    near.once("close", () => void (waiting.includes(near) && waiting.splice(waiting.indexOf(near), 1)));
    waiting.push(track(live, near));
    pair();
  });
  live.servers.add(inner);
  const outer = net.createServer({ allowHalfOpen: true }, caller => {
    caller.on("error", () => undefined);
    callers.push(track(live, caller));
    pair();
  });
  live.servers.add(outer);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  outer.once("error", reject);
  outer.listen(0, "127.0.0.1", () => {
    const address = outer.address();
    resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  return { socket: path.join(options.inside, name), port: await promise };
}

async function answerTo(request: DoorRequest, live: Live, options: DoorOptions): Promise<DoorAnswer> {
  try {
    if (request.ask === "connect") return await connectOut(live, options, request.target);
    if (request.ask === "listen") return await openPort(live, options);
    if (options.network.reach === "none") return refused("ENOTFOUND", "programs have no network here");
    return { addresses: await lookUp(request.host) };
  } catch (error) {
    return refused(codeOf(error), String(error));
  }
}

function serve(socket: net.Socket, live: Live, options: DoorOptions): void {
  track(live, socket);
  let line = "";
  socket.on("error", () => undefined);
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    line += chunk;
    const end = line.indexOf("\n");
    if (end === -1 && line.length <= MAX_REQUEST) return;
    socket.removeAllListeners("data");
    const request = end === -1 ? undefined : readRequest(line.slice(0, end));
    if (!request) return void socket.destroy();
    void answerTo(request, live, options).then(answer => socket.end(`${JSON.stringify(answer)}\n`));
  });
}

/** The engine of a CLI that is too old to say where it is cannot be called. */
function joinWith(near: net.Socket, address: string, live: Live): void {
  if (near.destroyed || address === "") return void near.destroy();
  const { hostname, port } = new URL(`tcp://${address}`);
  join(near, track(live, net.connect({ host: hostname, port: Number(port), allowHalfOpen: true })));
}

/** Listens at once. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const live: Live = { servers: new Set(), sockets: new Set(), ports: 0, names: 0 };
  let closed = false;
  const requests = await listenAt(path.join(options.outside, REQUESTS), socket => {
    if (live.sockets.size >= MAX_CONNECTIONS) socket.destroy();
    else serve(socket, live, options);
  });
  live.servers.add(requests);
  return {
    async lead(name, address) {
      const file = path.join(options.outside, name);
      const server = await listenAt(file, near => {
        near.on("error", () => undefined);
        track(live, near);
        void address.then(
          known => joinWith(near, known, live),
          () => near.destroy(),
        );
      });
      if (closed) server.close();
      else live.servers.add(server);
      return `unix:${path.join(options.inside, name)}`;
    },
    close() {
      closed = true;
      for (const server of live.servers) server.close();
      for (const socket of live.sockets) socket.destroy();
    },
  };
}
