/** AWS Signature Version 4, as S3 and the stores like it want it. Pure. */
import { createHash, createHmac } from "node:crypto";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignRequest {
  readonly method: string;
  /** Without a query of its own; its path as it is sent, each name encoded with `encodeS3`. */
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  /** Hexadecimal SHA-256 of the body. */
  readonly bodyHash: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac("sha256", key).update(data).digest();

/** RFC 3986: also what encodeURIComponent leaves alone. */
export const encodeS3 = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The query as it is signed and sent: encoded, in the order of its names. */
export const canonicalQuery = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => [encodeS3(name), encodeS3(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

/** All headers that the request must carry, beside those of its body. */
export function signedHeaders(request: SignRequest): Readonly<Record<string, string>> {
  const { method, url, query, bodyHash, region, credentials, at } = request;
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = stamp.slice(0, 8);
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    host: url.host,
    "x-amz-content-sha256": bodyHash,
    "x-amz-date": stamp,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const lines = names.map(name => `${name}:${headers[name] ?? ""}\n`).join("");
  const canonical = [method, url.pathname, canonicalQuery(query), lines, names.join(";"), bodyHash].join(
    "\n",
  );
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = [ALGORITHM, stamp, scope, sha256(canonical)].join("\n");
  const key = [region, "s3", "aws4_request"].reduce(
    (last: Buffer, word) => hmac(last, word),
    hmac(`AWS4${credentials.secretAccessKey}`, day),
  );
  const signature = hmac(key, toSign).toString("hex");
  const credential = `${credentials.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
