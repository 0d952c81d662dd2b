/** The state service: Pulumi's service protocol over HTTP, with the truth in the store and nowhere else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../engine/ports/clock.ts";
import type { Holder } from "../engine/ports/state.ts";
import type { StateStore } from "../engine/ports/state-store.ts";
import type { FixedContext } from "./context.ts";
import { authenticate } from "./http/access.ts";
import { problem, type Answer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { dispatch } from "./http/dispatch.ts";
import { findPeer } from "./http/peer.ts";
import { isUnsupported, notSupported } from "./http/unsupported.ts";
import { createStackKeys, type KeyWrapper } from "./keys.ts";
import { createLiveUpdates } from "./live-updates.ts";
import { readFor } from "./routes/lease.ts";
import { createSettler } from "./settle.ts";

export type ServiceLog = (
  level: "debug" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface StateServiceOptions {
  readonly store: StateStore;
  readonly keys: KeyWrapper;
  readonly log: ServiceLog;
  readonly clock: Clock;
  /** What an exception comes of, where that is no fault of holdfast: a full disk, say. */
  readonly explain?: (error: unknown) => Excuse | undefined;
}

/** What the client is told instead. */
export interface Excuse {
  readonly status: number;
  readonly message: string;
}

export interface StateService {
  /** Port 0 takes a free one. Answers the port. */
  listen(port: number, host?: string): Promise<number>;
  /** Answers what is under way, then ends. */
  close(): Promise<void>;
}

/** Longer than the CLI's pauses between requests, so that its connection is kept. */
const KEEP_ALIVE_MS = 60_000;
/** A client that does not send its request in this time holds a connection for nothing. */
const REQUEST_MS = 60_000;

async function respond(context: FixedContext, request: IncomingMessage): Promise<Answer> {
  const method = request.method ?? "GET";
  const origin = `http://${request.headers.host ?? ""}`;
  const url = URL.canParse(request.url ?? "", origin) ? new URL(request.url ?? "", origin) : undefined;
  const body = await readBody(request, readFor(url?.pathname ?? ""));
  if (!url) return problem(400, "The request's address is not readable.");
  const parts = url.pathname.split("/").filter(Boolean).map(decode);
  const principal = await authenticate(context.store, context.clock, request.headers.authorization);
  if (!body.ok) return isUnsupported(method, url.pathname) ? notSupported(method, url.pathname) : body.answer;
  const query = url.searchParams;
  const peer = (): Holder => findPeer(request.socket);
  return dispatch(context, { method, parts, query, body: body.value, origin, peer, principal });
}

/** A path with a broken escape is taken as it stands; no route has such a name. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function send(response: ServerResponse, given: Answer): void {
  if ("text" in given) {
    response.writeHead(given.status, { "content-type": "application/json" }).end(given.text);
    return;
  }
  if (given.json === undefined) {
    response.writeHead(given.status).end();
    return;
  }
  response.writeHead(given.status, { "content-type": "application/json" }).end(JSON.stringify(given.json));
}

type Failed = Pick<StateServiceOptions, "log" | "explain">;

/** An exception, as the client is told of it. */
function failed(error: unknown, url: string | undefined, { log, explain }: Failed): Answer {
  const excuse = explain?.(error);
  if (excuse) {
    log("error", excuse.message, { url });
    return problem(excuse.status, excuse.message);
  }
  const stack = error instanceof Error ? error.stack : String(error);
  log("error", "state service: a request failed by a fault of holdfast", { url, stack });
  return problem(500, "holdfast's state service failed; its log says why.");
}

function createHandler(context: FixedContext, options: Failed) {
  const { log } = options;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const began = performance.now();
    let given: Answer;
    try {
      given = await respond(context, request);
    } catch (error) {
      given = failed(error, request.url, options);
    }
    send(response, given);
    const ms = Math.round(performance.now() - began);
    log("debug", "state service", { method: request.method, url: request.url, status: given.status, ms });
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(port, host, () => {
    server.off("error", reject);
    resolve((server.address() as AddressInfo).port);
  });
  return promise;
}

export function createStateService(options: StateServiceOptions): StateService {
  const { store, keys, clock } = options;
  const stackKeys = createStackKeys(keys, store);
  const settler = createSettler({ store, stackKeys, clock });
  const live = createLiveUpdates(store);
  const handle = createHandler({ store, stackKeys, settler, live, clock }, options);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS, noDelay: true });
  server.on("request", (request, response) => void handle(request, response));
  return {
    listen: (port, host = "127.0.0.1") => listen(server, port, host),
    close: () =>
      new Promise((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()));
        server.closeIdleConnections();
      }),
  };
}
