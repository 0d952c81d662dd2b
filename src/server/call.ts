/** One call of a method: events as they come, then the answer, one JSON document a line (application/x-ndjson). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { EngineEvent, EventListener } from "../engine/event.ts";
import type { Failure } from "../engine/failure.ts";
import type { Control } from "../engine/ports/control.ts";
import { readBody, sendError, sendJson } from "./http.ts";
import { BadParams, isMethod, methods, type Params } from "./methods.ts";

export type Subscribe = (listener: EventListener) => () => void;

/** A line of the answer. */
export type CallLine =
  { readonly event: EngineEvent } | { readonly result: unknown } | { readonly error: CallError };

/** `failure`: it is no bug. */
export interface CallError {
  readonly message: string;
  readonly failure?: Failure;
}

export interface CallOptions {
  readonly control: Control;
  readonly subscribe: Subscribe;
  /** Bytes that a body may have. */
  readonly maxBody: number;
  /** Who asks, where the way in says so; else the caller says it. */
  readonly by?: string;
  /** What an exception comes of, where it is no bug. */
  readonly explain?: (error: unknown) => Promise<Failure | undefined>;
}

/** Events of these methods are what the caller waits for. */
const TALKATIVE: readonly (keyof Control)[] = ["ask", "approve", "rotateKeys"];

function parse(body: Buffer): Params {
  if (body.length === 0) return {};
  const value: unknown = JSON.parse(body.toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new SyntaxError("the body must be a JSON object");
  return value as Params;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Begins at the first word, so that a call that cannot be understood, or fails at once, is answered with its status. */
function lines(response: ServerResponse): (line: CallLine) => void {
  return line => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write(`${JSON.stringify(line)}\n`);
  };
}

async function answer(
  name: keyof Control,
  params: Params,
  response: ServerResponse,
  options: CallOptions,
): Promise<void> {
  const write = lines(response);
  const stop = TALKATIVE.includes(name) ? options.subscribe(event => write({ event })) : undefined;
  // A caller that has gone does not stop what it asked for; it only hears no more of it.
  if (stop) response.once("close", stop);
  try {
    write({ result: (await methods[name](options.control, params)) ?? null });
  } catch (error) {
    if (error instanceof BadParams) return sendError(response, 400, error.message);
    const failure = await options.explain?.(error);
    const said: CallError = { message: textOf(error), ...(failure && { failure }) };
    if (!response.headersSent) return sendJson(response, 500, said);
    write({ error: said });
  } finally {
    stop?.();
    response.end();
  }
}

/** `POST /api/v1/METHOD` with a JSON object of parameters. */
export async function handleCall(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: CallOptions,
): Promise<void> {
  if (!isMethod(name)) return sendError(response, 404, `there is no method ${name}`);
  const body = await readBody(request, options.maxBody);
  if (!body) return sendError(response, 413, `the body is larger than ${options.maxBody} bytes`);
  let params: Params;
  try {
    params = parse(body);
  } catch {
    return sendError(response, 400, "the body must be a JSON object");
  }
  await answer(name, options.by === undefined ? params : { ...params, by: options.by }, response, options);
}
