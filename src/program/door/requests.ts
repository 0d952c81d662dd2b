/** What a boxed program asks of its door, one JSON line to a connection, and what it is told. Read strictly: it comes from untrusted code. */

export interface Target {
  readonly host: string;
  readonly port: number;
}

export type DoorRequest =
  | { readonly ask: "connect"; readonly target: Target }
  | { readonly ask: "lookup"; readonly host: string }
  /** A port on the outside whose callers come to the program: the engine calls transforms and hooks back. */
  | { readonly ask: "listen" };

export type DoorAnswer =
  | { readonly socket: string; readonly port?: number }
  | { readonly addresses: readonly { readonly address: string; readonly family: number }[] }
  | { readonly code: string; readonly message: string };

/** 1 KiB: a host name has 253 letters. */
export const MAX_REQUEST = 1024;

const isHost = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9_.:%-]{1,253}$/.test(value);
const isPort = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;

/** Undefined: no request. */
export function readRequest(line: string): DoorRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("ask" in value)) return undefined;
  const host = "host" in value ? value.host : undefined;
  const port = "port" in value ? value.port : undefined;
  if (value.ask === "listen") return { ask: "listen" };
  if (value.ask === "lookup" && isHost(host)) return { ask: "lookup", host };
  if (value.ask === "connect" && isHost(host) && isPort(port))
    return { ask: "connect", target: { host, port } };
  return undefined;
}
