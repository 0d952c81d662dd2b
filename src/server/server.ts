/** The daemon's HTTP: health and metrics, the push hook, and the API behind a token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Failure } from "../engine/failure.ts";
import type { Control } from "../engine/ports/control.ts";
import { handleCall, type Subscribe } from "./call.ts";
import { coalesced } from "./coalesce.ts";
import { verifyHook } from "./hook.ts";
import { readBody, send, sendError, sendJson } from "./http.ts";

export interface Health {
  /** False: the daemon runs, and something that it needs does not. */
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

export interface ServerOptions {
  readonly control: Control;
  readonly subscribe: Subscribe;
  /** Prometheus text format. */
  readonly metrics: () => Promise<string>;
  readonly health: () => Promise<Health>;
  /** Undefined: there is no hook. Read anew for each call, so that it can be rotated. */
  readonly hookSecret: () => Promise<string | undefined>;
  /** The name of the person whose token this is. */
  readonly person: (token: string) => Promise<string | undefined>;
  readonly tokenRequired: boolean;
  /** Host names by which it is reached, besides loopback: others are a page in somebody's browser (DNS rebinding). */
  readonly hosts: readonly string[];
  /** What failed without anybody waiting for it. */
  readonly onError: (error: unknown) => void;
  /** What an exception comes of, where it is no bug. */
  readonly explain?: (error: unknown) => Promise<Failure | undefined>;
}

export interface HoldfastServer {
  /** On the network; answers the port. Rejects where the address cannot be had. */
  listen(host: string, port: number): Promise<number>;
  /** For commands of the same user on this machine: the folder's rights are the key. */
  listenLocal(socket: string): Promise<void>;
  /** New connections are refused from now on; those who wait for an answer still get it. */
  drain(): void;
  /** Cuts off whoever still waits. */
  close(): Promise<void>;
}

/** GitHub's largest push payload is 25 MB, but the body says nothing that we need; it only has to be signed. */
const MAX_HOOK_BODY = 1024 * 1024;
/** Parameters of a call are short. */
const MAX_CALL_BODY = 64 * 1024;
/** A whole state goes through the local socket. */
const MAX_LOCAL_BODY = 256 * 1024 * 1024;

/** A client that does not send its head and its whole request in this time holds a connection for nothing. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** How often connections are looked at for that. */
const LOOK_MS = 2_000;
/** Far more than people, Git servers and a Prometheus need; the rest is turned away before it eats our descriptors. */
const MAX_CONNECTIONS = 512;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Whether the request was meant for us: its Host is ours, and no foreign page sent it. */
function isForUs(request: IncomingMessage, hosts: readonly string[]): boolean {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (![...LOOPBACK, ...hosts].includes(host)) return false;
  const { origin } = request.headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && [...LOOPBACK, ...hosts].includes(new URL(origin).hostname);
}

const bearer = (request: IncomingMessage): string | undefined =>
  /^(?:bearer|token) (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];

async function hook(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  fetchNow: () => void,
): Promise<void> {
  const secret = await options.hookSecret();
  if (secret === undefined)
    return sendError(response, 404, "no hook secret is set: see hookSecretFile in the settings");
  const body = await readBody(request, MAX_HOOK_BODY);
  if (!body) return sendError(response, 413, `the body is larger than ${MAX_HOOK_BODY} bytes`);
  const verdict = verifyHook({ headers: request.headers, body, secret });
  if (!verdict.accepted) return sendError(response, 401, verdict.why);
  // What the body says does not matter: the repository is asked, as it is every interval.
  fetchNow();
  sendJson(response, 202, { message: "the repository is fetched now" });
}

/** The person's name; undefined where the answer is given already: 401. */
async function personOf(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<string | undefined> {
  const token = bearer(request);
  const name = token === undefined ? undefined : await options.person(token);
  if (name !== undefined || !options.tokenRequired) return name ?? "anonymous";
  response.setHeader("www-authenticate", "Bearer");
  sendError(response, 401, "a token is needed: `holdfast token create NAME`");
  return undefined;
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  fetchNow: () => void,
): Promise<void> {
  const url = request.url ?? "/";
  const pathname = url.startsWith("/") ? url.replace(/[?#].*$/, "") : "";
  const what = `${request.method} ${pathname}`;
  if (what === "GET /healthz") {
    const health = await options.health();
    return sendJson(response, health.ok ? 200 : 503, health);
  }
  if (!isForUs(request, options.hosts))
    return sendError(response, 421, "this name is not one of ours: see publicUrl in the settings");
  if (what === "POST /hooks/git") return hook(request, response, options, fetchNow);
  const method = /^POST \/api\/v1\/(\w+)$/.exec(what)?.[1];
  if (what !== "GET /metrics" && method === undefined)
    return sendError(response, 404, "there is nothing here");
  const by = await personOf(request, response, options);
  if (by === undefined) return;
  if (method === undefined) return send(response, 200, "text/plain; version=0.0.4", await options.metrics());
  await handleCall(method, request, response, { ...options, maxBody: MAX_CALL_BODY, by });
}

async function localRoute(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const method = /^\/api\/v1\/(\w+)$/.exec(request.url ?? "")?.[1];
  if (method === undefined) return sendError(response, 404, "there is nothing here");
  await handleCall(method, request, response, { ...options, maxBody: MAX_LOCAL_BODY });
}

function serverOf(work: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: LOOK_MS,
  };
  const server = createServer(limits, (request, response) => {
    work(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function listening(
  server: Server,
  ...where: [string] | [number, string]
): Promise<AddressInfo | string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo | string | null>();
  server.once("error", reject);
  const done = (): void => {
    server.off("error", reject);
    resolve(server.address());
  };
  if (where.length === 1) server.listen(where[0], done);
  else server.listen(where[0], where[1], done);
  return promise;
}

export function createHttpServer(options: ServerOptions): HoldfastServer {
  const open: Server[] = [];
  const fetchNow = coalesced(() => options.control.poll(), options.onError);
  return {
    async listen(host, port) {
      const server = serverOf((request, response) => route(request, response, options, fetchNow));
      const address = await listening(server, port, host);
      open.push(server);
      return typeof address === "object" && address ? address.port : port;
    },
    async listenLocal(socket) {
      const server = serverOf((request, response) => localRoute(request, response, options));
      await listening(server, socket);
      open.push(server);
    },
    drain() {
      for (const server of open) if (server.listening) server.close();
    },
    async close() {
      const closed = open.map(server => {
        const { promise, resolve } = Promise.withResolvers<void>();
        // An error says only that it was closed (drained) before.
        server.close(() => resolve());
        server.closeAllConnections();
        return promise;
      });
      await Promise.all(closed);
    },
  };
}
