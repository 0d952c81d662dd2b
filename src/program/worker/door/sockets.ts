/**
 * Connections of a boxed program. The box has no network but its own loopback; what JavaScript connects to elsewhere
 * goes through the door, which decides. This is for convenience, not for safety: a program that undoes it finds itself
 * without a network.
 */
import net from "node:net";
import tls from "node:tls";
import { ask, asError, connectDirectly, isLoopback, type ConnectOptions } from "./ask.ts";

interface Arguments {
  readonly options: ConnectOptions;
  readonly listener?: () => void;
}

/** As net.Socket.connect takes them: an object; a port and a host; a path; or all of that in an array, as net.connect hands it on. */
function readArguments(words: readonly unknown[]): Arguments {
  const list = Array.isArray(words[0]) ? (words[0] as unknown[]) : words;
  const [first, second] = list;
  const last = list.findLast(word => typeof word === "function") as (() => void) | undefined;
  const listener = last ? { listener: last } : {};
  if (typeof first === "object" && first !== null) return { options: first, ...listener };
  if (typeof first === "string" && !/^\d+$/.test(first)) return { options: { path: first }, ...listener };
  return {
    options: { port: Number(first), ...(typeof second === "string" ? { host: second } : {}) },
    ...listener,
  };
}

function connectThrough(
  door: string,
  also: readonly string[],
): (this: net.Socket, ...words: unknown[]) => net.Socket {
  return function connect(...words) {
    const { options, listener } = readArguments(words);
    const { host = "localhost", port } = options;
    const isOwn = isLoopback(host) && !also.includes(`${host}:${port}`);
    // Agents of http say `path: null`, so that nobody takes the path of a URL for a socket's.
    if (typeof options.path === "string" || port === undefined || isOwn)
      return Reflect.apply(connectDirectly, this, words as [ConnectOptions]);
    // What is written meanwhile waits, as it does while any socket connects.
    Object.assign(this, { connecting: true });
    ask(door, { ask: "connect", host, port: Number(port) }).then(
      ({ socket = "" }) => {
        if (this.destroyed) return;
        Object.assign(this, { connecting: false });
        connectDirectly.call(this, { path: socket }, listener);
      },
      (error: unknown) => this.destroy(asError(error)),
    );
    return this;
  };
}

/** TLS makes its handle before it is known that it leads to a socket file; over a plain socket that does not matter. */
function tlsOverSockets(): typeof tls.connect {
  const original = tls.connect;
  const connect = (...words: unknown[]): tls.TLSSocket => {
    const { options, listener } = readArguments(words);
    const more = words.find((word, at) => at > 0 && typeof word === "object" && word !== null) ?? {};
    const all: tls.ConnectionOptions = { ...more, ...options };
    if (all.socket || typeof all.path === "string" || all.port === undefined)
      return Reflect.apply(original, tls, words) as tls.TLSSocket;
    const { host = "localhost", port } = all;
    const named = net.isIP(host) === 0 ? { servername: host } : {};
    return original({ ...named, ...all, socket: net.connect({ host, port: Number(port) }) }, listener);
  };
  return connect;
}

export function sendSocketsThrough(door: string, also: readonly string[]): void {
  Object.assign(net.Socket.prototype, { connect: connectThrough(door, also) });
  tls.connect = tlsOverSockets();
}
