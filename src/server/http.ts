/** Small things that every answer of the HTTP server needs. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Undefined where it is longer than `max` bytes; the rest is not read. */
export async function readBody(request: IncomingMessage, max: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function send(response: ServerResponse, status: number, type: string, body: string): void {
  // A page of ours is never to be framed, sniffed or kept.
  response.writeHead(status, {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

export const sendJson = (response: ServerResponse, status: number, value: unknown): void =>
  send(response, status, "application/json", `${JSON.stringify(value)}\n`);

export const sendError = (response: ServerResponse, status: number, message: string): void =>
  sendJson(response, status, { message });
