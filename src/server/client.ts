/** `Control` over the daemon's local socket: a command speaks to the daemon as to its own process. */
import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { EventListener } from "../engine/event.ts";
import type { Control } from "../engine/ports/control.ts";
import type { CallLine } from "./call.ts";
import type { Params } from "./methods.ts";

/** Undefined where nobody listens there: a socket file that a dead daemon left counts as nobody. */
export function connectControl(socket: string, listener: EventListener): Promise<Control | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Control | undefined>();
  call(socket, "overview", {}, listener).then(
    () => resolve(controlOver(socket, listener)),
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
      else reject(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return promise;
}

/** What the daemon answered is of its own making, and of the same version: the socket is in the same data folder. */
function controlOver(socket: string, listener: EventListener): Control {
  const ask =
    <K extends keyof Control>(method: K) =>
    (params: Params = {}): ReturnType<Control[K]> =>
      call(socket, method, params, listener) as ReturnType<Control[K]>;
  return {
    overview: () => ask("overview")(),
    runs: filter => ask("runs")({ ...filter }),
    run: async id => (await ask("run")({ id })) ?? undefined,
    drift: stack => ask("drift")({ stack }),
    poll: () => ask("poll")(),
    ask: wish => ask("ask")({ ...wish }),
    approve: (run, by) => ask("approve")({ run, by }),
    pause: (stack, why, by) => ask("pause")({ stack, why, by }),
    resume: stack => ask("resume")({ stack }),
    acceptRewrite: sha => ask("acceptRewrite")({ sha }),
    exportState: stack => ask("exportState")({ stack }),
    importState: (stack, deployment) => ask("importState")({ stack, deployment }),
  };
}

async function readAnswer(response: IncomingMessage, listener: EventListener): Promise<unknown> {
  for await (const line of createInterface({ input: response })) {
    const said = JSON.parse(line) as CallLine | { readonly message: string };
    if ("event" in said) listener(said.event);
    else if ("result" in said) return said.result;
    else throw new Error("error" in said ? said.error.message : said.message);
  }
  throw new Error("the daemon ended before it had answered");
}

function call(socket: string, method: string, params: Params, listener: EventListener): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const outgoing = request({ socketPath: socket, path: `/api/v1/${method}`, method: "POST" }, response => {
    readAnswer(response, listener).then(resolve, reject);
  });
  outgoing.once("error", reject);
  outgoing.end(JSON.stringify(params));
  return promise;
}
