/** `Control` over the daemon's local socket: a command speaks to the daemon as to its own process. */
import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { EventListener } from "../engine/event.ts";
import { fail, failureIn, withFailure, type Failure, type Result } from "../engine/failure.ts";
import type { Control } from "../engine/ports/control.ts";
import type { CallError, CallLine } from "./call.ts";
import type { Params } from "./methods.ts";

type Caller = (method: string, params: Params) => Promise<unknown>;

/** A daemon answers its first question within milliseconds; on a machine that is far too busy, within seconds. */
const ANSWER_MS = 20_000;

/**
 * Undefined where nobody listens there: a socket file that a dead daemon left, or a file that is none, counts as nobody.
 * Calls that wait are given up when `signal` aborts; what they asked for goes on.
 */
export function connectControl(
  socket: string,
  listener: EventListener,
  signal?: AbortSignal,
): Promise<Control | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Control | undefined>();
  const caller: Caller = (method, params) => call(socket, method, params, listener, signal);
  const soon = AbortSignal.timeout(ANSWER_MS);
  const first = signal ? AbortSignal.any([signal, soon]) : soon;
  call(socket, "overview", {}, listener, first).then(
    () => resolve(controlOver(caller)),
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (typeof code === "string" && NOBODY.includes(code)) resolve(undefined);
      else reject(soon.aborted ? withFailure(SILENT, "no answer") : lost(error));
    },
  );
  return promise;
}

const SILENT: Failure = {
  kind: "waiting",
  reason: "stack-busy",
  by: `the daemon has not answered for ${ANSWER_MS / 1000} s: it is stopped, or has far too much to do`,
};

/** A folder without a socket, a socket that nobody serves, a path through a file. */
const NOBODY = ["ENOENT", "ECONNREFUSED", "ENOTDIR", "ENOTSOCK"];

/** It told why it could not; or it went away, or was ended, while we waited for its answer. */
function lost(error: unknown): Error {
  const how = error instanceof Error ? error.message : String(error);
  const died: Failure = { kind: "transient", reason: "process-died", what: "the daemon", how };
  return withFailure(failureIn(error) ?? died, how);
}

/** What the daemon answered is of its own making, and of the same version: the socket is in the same data folder. */
function controlOver(caller: Caller): Control {
  const ask = <K extends keyof Control>(method: K, params: Params = {}): ReturnType<Control[K]> =>
    caller(method, params).catch((error: unknown) => {
      throw lost(error);
    }) as ReturnType<Control[K]>;
  /** For those that can say by a value that it could not be done. */
  const attempt = <T>(answer: Promise<Result<T>>): Promise<Result<T>> =>
    answer.catch((error: unknown) => {
      const failure = failureIn(error);
      if (failure) return fail(failure);
      throw error;
    });
  return {
    overview: () => ask("overview"),
    runs: filter => ask("runs", { ...filter }),
    run: async id => (await ask("run", { id })) ?? undefined,
    drift: filter => ask("drift", { ...filter }),
    poll: () => attempt(ask("poll")),
    ask: wish => attempt(ask("ask", { ...wish })),
    approve: (run, by) => attempt(ask("approve", { run, by })),
    pause: (stack, why, by) => attempt(ask("pause", { stack, why, by })),
    resume: stack => attempt(ask("resume", { stack })),
    acceptRewrite: sha => attempt(ask("acceptRewrite", { sha })),
    lock: stack => attempt(ask("lock", { stack })),
    unlock: wish => attempt(ask("unlock", { ...wish })),
    rotateKeys: request => attempt(ask("rotateKeys", { ...request })),
    exportState: stack => attempt(ask("exportState", { stack })),
    importState: (stack, deployment, how) => attempt(ask("importState", { stack, deployment, ...how })),
  };
}

/** What the daemon says that it could not do. Without a failure it is a bug, and not the daemon's end. */
function toldError({ message, failure }: CallError): Error {
  const stack = "the daemon's log says more";
  return withFailure(failure ?? { kind: "transient", reason: "internal-error", message, stack }, message);
}

const ENDED = "it ended before it had answered; what it had begun goes on when it is started again";

async function readAnswer(response: IncomingMessage, listener: EventListener): Promise<unknown> {
  try {
    for await (const line of createInterface({ input: response })) {
      const said = JSON.parse(line) as CallLine | CallError;
      if ("event" in said) listener(said.event);
      else if ("result" in said) return said.result;
      else throw toldError("error" in said ? said.error : said);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") throw new Error(ENDED);
    throw error;
  }
  throw new Error(ENDED);
}

function call(
  socket: string,
  method: string,
  params: Params,
  listener: EventListener,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const where = { socketPath: socket, path: `/api/v1/${method}`, method: "POST" };
  const outgoing = request({ ...where, ...(signal && { signal }) }, response => {
    // A connection that breaks is heard here or there; whoever is first tells.
    response.once("error", () => reject(new Error(ENDED)));
    readAnswer(response, listener).then(resolve, reject);
  });
  outgoing.once("error", (error: NodeJS.ErrnoException) =>
    reject(error.code === "ECONNRESET" ? new Error(ENDED) : error),
  );
  outgoing.end(JSON.stringify(params));
  return promise;
}
