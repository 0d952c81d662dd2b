/** Asks the box's door, outside (program/door/door.ts): one question to a connection. */
import net from "node:net";
import path from "node:path";

export interface ConnectOptions {
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
}

/** Node's own, taken before a program can have changed it. */
type Connect = (this: net.Socket, options: ConnectOptions, listener?: () => void) => net.Socket;
export const connectDirectly = Reflect.get(net.Socket.prototype, "connect") as Connect;

export interface Answer {
  /** A socket file that leads there. */
  readonly socket?: string;
  readonly port?: number;
  readonly addresses?: readonly { readonly address: string; readonly family: number }[];
  /** Why not, as Node names it: ECONNREFUSED, ENOTFOUND … */
  readonly code?: string;
  readonly message?: string;
}

export const doorError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code });
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Rejects with the door's refusal, as Node's own errors look. */
export function ask(door: string, question: object): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const socket = new net.Socket();
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => (text += chunk));
  socket.on("error", reject);
  socket.on("close", () => {
    const answer = text === "" ? { code: "ECONNREFUSED", message: "refused" } : (JSON.parse(text) as Answer);
    if (answer.code === undefined) resolve(answer);
    else reject(doorError(answer.code, answer.message ?? answer.code));
  });
  connectDirectly.call(socket, { path: path.join(door, "door") });
  socket.write(`${JSON.stringify(question)}\n`);
  return promise;
}

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
