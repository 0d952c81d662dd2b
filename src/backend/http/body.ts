/** Reads a request's body: capped, unpacked, parsed. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { problem, type Answer } from "./answer.ts";

/** As sent; a checkpoint of 50,000 resources packs to less. The CLI splits a journal batch that is answered with 413. */
const MAX_BODY = 64 * 1024 * 1024;
/** Unpacked: what JSON.parse and the store still take in one piece. */
const MAX_UNPACKED = 256 * 1024 * 1024;

const unpack = promisify(gunzip);
const TOO_LARGE = problem(413, "The request is larger than holdfast's state service takes.");

export type Body =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly answer: Answer };

async function collect(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    // What is too much is still read, so that the answer reaches a client that sends before it listens.
    if (size <= MAX_BODY) chunks.push(bytes);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks);
}

async function plain(request: IncomingMessage, bytes: Buffer): Promise<Buffer | Answer> {
  if (request.headers["content-encoding"] !== "gzip") return bytes;
  try {
    return await unpack(bytes, { maxOutputLength: MAX_UNPACKED });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    return tooLarge ? TOO_LARGE : problem(400, "The request's body says gzip and is not.");
  }
}

/** An empty body is `undefined`, and so is one without the word that it is read for. */
export async function readBody(request: IncomingMessage, readFor?: string): Promise<Body> {
  const bytes = await collect(request);
  if (!bytes) return { ok: false, answer: TOO_LARGE };
  if (bytes.length === 0) return { ok: true, value: undefined };
  const text = await plain(request, bytes);
  if (!Buffer.isBuffer(text)) return { ok: false, answer: text };
  if (readFor !== undefined && !text.includes(readFor)) return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text.toString("utf8")) };
  } catch {
    return { ok: false, answer: problem(400, "The request's body is not JSON.") };
  }
}
