/** Small things that every answer of the HTTP server needs. */
import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Undefined where it is longer than `max` bytes. The rest is let run by and not kept: a connection that is cut before its
 * body is over is an error for the sender, who never reads our answer. Rejects where the connection breaks.
 */
export async function readBody(request: IncomingMessage, max: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  let chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= max) return void chunks.push(chunk);
    chunks = [];
    resolve(undefined);
  });
  request.once("end", () => resolve(Buffer.concat(chunks)));
  request.once("error", reject);
  return promise;
}

export function send(response: ServerResponse, status: number, type: string, body: string): void {
  // A page of ours is never to be framed, sniffed or kept.
  response.writeHead(status, {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // Whoever still sends is not listened to any longer than it takes to answer.
    ...(response.req.complete ? {} : { connection: "close" }),
  });
  response.end(body);
}

export const sendJson = (response: ServerResponse, status: number, value: unknown): void =>
  send(response, status, "application/json", `${JSON.stringify(value)}\n`);

export const sendError = (response: ServerResponse, status: number, message: string): void =>
  sendJson(response, status, { message });
