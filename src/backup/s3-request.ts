/** One signed request to an S3-compatible store, over Node's own client: a body of known length is streamed. */
import { request as http, type IncomingMessage } from "node:http";
import { request as https } from "node:https";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { canonicalQuery, encodeS3, sha256, signedHeaders, type S3Credentials } from "./s3-sign.ts";
import { fault, good, type Outcome } from "./target.ts";

export interface S3Settings {
  readonly bucket: string;
  /** Without slashes at its ends; "" is none. */
  readonly prefix: string;
  /** `https://s3.example.org`; undefined: Amazon's own of the region. */
  readonly endpoint?: string;
  readonly region: string;
  /** Asked for each request, so that keys can be rotated. */
  readonly credentials: () => Promise<Outcome<S3Credentials>>;
  readonly now: () => number;
}

export interface S3Body {
  readonly file: string;
  readonly size: number;
  /** Hexadecimal SHA-256 of the whole file: the store refuses a body that has another. */
  readonly hash: string;
}

export interface S3Call {
  readonly method: "GET" | "PUT" | "DELETE";
  /** Key below the bucket; "" is the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: S3Body;
}

/** A store that is silent for so long is given up; it counts anew with every piece that moves. */
const SILENCE_MS = 60_000;
/** An error's XML is short. */
const SHOWN = 300;

/** Other endpoints know buckets by path; Amazon's by name. */
function urlOf({ bucket, endpoint, region }: S3Settings, key: string): URL {
  const names = key === "" ? [] : key.split("/").map(encodeS3);
  if (endpoint !== undefined)
    return new URL([endpoint.replace(/\/+$/, ""), encodeS3(bucket), ...names].join("/"));
  return new URL(`/${names.join("/")}`, `https://${bucket}.s3.${region}.amazonaws.com`);
}

const tag = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]{0,${SHOWN}})</${name}>`).exec(xml)?.[1];

const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: "make the bucket, or correct backups.to in settings.yaml",
  AccessDenied: "the key must be allowed to list the bucket and to get, put and delete objects in it",
  InvalidAccessKeyId: "look at the file that backups.store.credentialsFile names",
  SignatureDoesNotMatch: "look at the secret key, and at backups.store.region",
  RequestTimeTooSkewed: "set this machine's clock",
};

async function refused(where: string, response: IncomingMessage): Promise<Outcome<never>> {
  const said = (await text(response)).slice(0, 64 * 1024);
  const code = tag(said, "Code");
  const words = [code, tag(said, "Message")].filter(Boolean).join(": ");
  return fault(`${where} answered ${response.statusCode ?? 0}${words ? ` ${words}` : ""}`, HINTS[code ?? ""]);
}

function open(url: URL, call: S3Call, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const query = canonicalQuery(call.query ?? {});
  const path = query === "" ? url.pathname : `${url.pathname}?${query}`;
  const start = url.protocol === "http:" ? http : https;
  const options = {
    method: call.method,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path,
    headers,
  };
  const request = start(options, resolve);
  request.once("error", reject);
  request.setTimeout(SILENCE_MS, () => request.destroy(new Error(`no answer for ${SILENCE_MS / 1000} s`)));
  if (call.body) pipeline(createReadStream(call.body.file), request).catch(reject);
  else request.end();
  return promise;
}

/** The answer of a call that the store accepted. Redirects are not followed: they would carry the signature elsewhere. */
export async function callS3(settings: S3Settings, call: S3Call): Promise<Outcome<IncomingMessage>> {
  const credentials = await settings.credentials();
  if (!credentials.ok) return credentials;
  const url = urlOf(settings, call.key);
  const { method, query = {}, body } = call;
  const bodyHash = body?.hash ?? sha256("");
  const { region, now } = settings;
  const signed = signedHeaders({
    method,
    url,
    query,
    bodyHash,
    region,
    credentials: credentials.value,
    at: now(),
  });
  const length: Record<string, string> =
    method === "PUT" ? { "content-length": String(body?.size ?? 0) } : {};
  try {
    const response = await open(url, call, { ...signed, ...length });
    const status = response.statusCode ?? 0;
    return status >= 200 && status < 300 ? good(response) : await refused(url.host, response);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : error.message;
    return fault(
      `${url.host} cannot be reached: ${code}`,
      "look at backups.store.endpoint, and at the network",
    );
  }
}
