/** The daemon's HTTP: health and metrics, the push hook, and the API behind a token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Control } from "../engine/ports/control.ts";
import { handleCall, type Subscribe } from "./call.ts";
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
}

export interface HoldfastServer {
  /** On the network; answers the port. */
  listen(host: string, port: number): Promise<number>;
  /** For commands of the same user on this machine: the folder's rights are the key. */
  listenLocal(socket: string): Promise<void>;
  close(): Promise<void>;
}

/** GitHub's largest push payload is 25 MB, but the body says nothing that we need; it only has to be signed. */
const MAX_HOOK_BODY = 1024 * 1024;
/** Parameters of a call are short. */
const MAX_CALL_BODY = 64 * 1024;
/** A whole state goes through the local socket. */
const MAX_LOCAL_BODY = 256 * 1024 * 1024;

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
): Promise<void> {
  const secret = await options.hookSecret();
  if (secret === undefined)
    return sendError(response, 404, "no hook secret is set: see hookSecretFile in the settings");
  const body = await readBody(request, MAX_HOOK_BODY);
  if (!body) return sendError(response, 413, `the body is larger than ${MAX_HOOK_BODY} bytes`);
  const verdict = verifyHook({ headers: request.headers, body, secret });
  if (!verdict.accepted) return sendError(response, 401, verdict.why);
  // What the body says does not matter: the repository is asked, as it is every interval.
  void options.control.poll();
  sendJson(response, 202, { message: "the repository is fetched now" });
}

async function api(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const token = bearer(request);
  const by = token === undefined ? undefined : await options.person(token);
  if (by === undefined && options.tokenRequired)
    return sendError(response, 401, "a token is needed: `holdfast token create NAME`");
  const { control, subscribe } = options;
  await handleCall(name, request, response, {
    control,
    subscribe,
    maxBody: MAX_CALL_BODY,
    by: by ?? "anonymous",
  });
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://holdfast");
  const what = `${request.method} ${pathname}`;
  if (what === "GET /healthz") {
    const health = await options.health();
    return sendJson(response, health.ok ? 200 : 503, health);
  }
  if (!isForUs(request, options.hosts))
    return sendError(response, 421, "this name is not one of ours: see publicUrl in the settings");
  if (what === "GET /metrics")
    return send(response, 200, "text/plain; version=0.0.4", await options.metrics());
  if (what === "POST /hooks/git") return hook(request, response, options);
  const method = /^POST \/api\/v1\/(\w+)$/.exec(what)?.[1];
  if (method !== undefined) return api(method, request, response, options);
  sendError(response, 404, "there is nothing here");
}

async function localRoute(
  request: IncomingMessage,
  response: ServerResponse,
  { control, subscribe }: ServerOptions,
): Promise<void> {
  const method = /^\/api\/v1\/(\w+)$/.exec(request.url ?? "")?.[1];
  if (method === undefined) return sendError(response, 404, "there is nothing here");
  await handleCall(method, request, response, { control, subscribe, maxBody: MAX_LOCAL_BODY });
}

type Route = (request: IncomingMessage, response: ServerResponse, options: ServerOptions) => Promise<void>;

function serverOf(work: Route, options: ServerOptions): Server {
  return createServer((request, response) => {
    work(request, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
}

function listening(
  server: Server,
  ...where: [string] | [number, string]
): Promise<AddressInfo | string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo | string | null>();
  server.once("error", reject);
  const done = (): void => resolve(server.address());
  if (where.length === 1) server.listen(where[0], done);
  else server.listen(where[0], where[1], done);
  return promise;
}

export function createHttpServer(options: ServerOptions): HoldfastServer {
  const open: Server[] = [];
  return {
    async listen(host, port) {
      const server = serverOf(route, options);
      const address = await listening(server, port, host);
      open.push(server);
      return typeof address === "object" && address ? address.port : port;
    },
    async listenLocal(socket) {
      const server = serverOf(localRoute, options);
      await listening(server, socket);
      open.push(server);
    },
    async close() {
      const closed = open.map(server => {
        server.closeAllConnections();
        return new Promise<void>(resolve => server.close(() => resolve()));
      });
      await Promise.all(closed);
    },
  };
}
