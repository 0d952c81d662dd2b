/** The S3 target: signatures as Amazon publishes them, and a whole life of backups in a store that checks them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { makeBackup } from "../../../src/backup/make.ts";
import { openBackup } from "../../../src/backup/open.ts";
import { s3Credentials } from "../../../src/backup/s3-credentials.ts";
import { sha256, signedHeaders, type S3Credentials } from "../../../src/backup/s3-sign.ts";
import { createS3Target, readListing } from "../../../src/backup/s3-target.ts";
import type { BackupTarget, Outcome } from "../../../src/backup/target.ts";
import { findDamage } from "../../../src/store/integrity.ts";
import { openDataStage, tempFolder } from "./stage.ts";

/** The key of the examples in Amazon's "Signature Calculations for the Authorization Header". */
const EXAMPLE: S3Credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

test("signatures are those of Amazon's own examples", () => {
  const sign = (query: Readonly<Record<string, string>>): string => {
    const { authorization = "" } = signedHeaders({
      method: "GET",
      url: new URL("https://examplebucket.s3.amazonaws.com/"),
      query,
      bodyHash: sha256(""),
      region: "us-east-1",
      credentials: EXAMPLE,
      at: Date.UTC(2013, 4, 24),
    });
    return /Signature=([0-9a-f]+)$/.exec(authorization)?.[1] ?? "";
  };
  assert.equal(sign({ lifecycle: "" }), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  assert.equal(
    sign({ "max-keys": "2", prefix: "J" }),
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  );
});

interface Store {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Keys of a page of the listing. */
  page: number;
}

const refuse = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status);
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>for the test</Message></Error>`);
};

/** Whether a request was signed with this key, as the store works it out from what it sees. */
function isSigned(request: IncomingMessage, url: URL, body: Buffer): boolean {
  const stamp = String(request.headers["x-amz-date"]);
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const bodyHash = createHash("sha256").update(body).digest("hex");
  const { authorization } = signedHeaders({
    method: request.method ?? "",
    url: new URL(url.pathname, `http://${request.headers.host}`),
    query: Object.fromEntries(url.searchParams),
    bodyHash,
    region: "eu-test-1",
    credentials: EXAMPLE,
    at,
  });
  return (
    request.headers["x-amz-content-sha256"] === bodyHash && request.headers.authorization === authorization
  );
}

function listing(store: Store, url: URL): string {
  const after = url.searchParams.get("continuation-token") ?? "";
  const prefix = url.searchParams.get("prefix") ?? "";
  const keys = [...store.objects.keys()].filter(key => key.startsWith(prefix) && key > after).sort();
  const shown = keys.slice(0, store.page);
  const contents = shown.map(
    key => `<Contents><Key>${key}</Key><Size>${store.objects.get(key)?.length ?? 0}</Size></Contents>`,
  );
  const last = shown.at(-1);
  const more = keys.length > shown.length && last !== undefined;
  const next = more ? `<NextContinuationToken>${last}</NextContinuationToken>` : "";
  return `<?xml version="1.0"?><ListBucketResult>${contents.join("")}${next}</ListBucketResult>`;
}

async function answer(store: Store, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", store.endpoint);
  const body = await buffer(request);
  if (!isSigned(request, url, body)) return refuse(response, 403, "SignatureDoesNotMatch");
  const [, bucket, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const key = rest.join("/");
  if (bucket !== "acme") return refuse(response, 404, "NoSuchBucket");
  if (key === "") return void response.end(listing(store, url));
  const found = store.objects.get(key);
  if (request.method === "PUT") store.objects.set(key, body);
  else if (request.method === "DELETE") store.objects.delete(key);
  else if (!found) return refuse(response, 404, "NoSuchKey");
  else return void response.end(found);
  response.end();
}

async function openStore(t: TestContext): Promise<Store> {
  const store = { endpoint: "", objects: new Map<string, Buffer>(), page: 1000 };
  const server: Server = createServer((request, response) => void answer(store, request, response));
  await new Promise<void>(resolve => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  store.endpoint = `http://127.0.0.1:${address.port}`;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return store;
}

const targetIn = (
  store: Pick<Store, "endpoint">,
  over: { bucket?: string; key?: S3Credentials } = {},
): BackupTarget =>
  createS3Target({
    bucket: over.bucket ?? "acme",
    prefix: "prod/it's here",
    endpoint: store.endpoint,
    region: "eu-test-1",
    credentials: async () => ({ ok: true, value: over.key ?? EXAMPLE }),
    now: Date.now,
  });

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) assert.fail(outcome.why);
  return outcome.value;
}

test("backups are put, listed over several pages, read back and removed", async t => {
  let now = Date.UTC(2026, 10, 1);
  const stage = await openDataStage(t, { now: () => (now += 60_000) });
  const store = await openStore(t);
  store.page = 1;
  store.objects.set("prod/it's here/notes.txt", Buffer.from("somebody else's"));
  const target = targetIn(store);
  const names: string[] = [];
  for (let count = 0; count < 3; count++)
    names.push(must(await makeBackup(stage.world, target, "scheduled", { newest: 2, days: 0 })).name);
  const listed = must(await target.list()).map(({ name }) => name);
  assert.deepEqual(listed.sort(), names.slice(1).sort());
  assert.equal(store.objects.size, 3, "what is not ours stays");
  const [, , name = ""] = names;
  const findHere = (file: string): Promise<string | undefined> => findDamage(file);
  const opened = await openBackup({
    target,
    name,
    cipher: stage.cipher,
    folder: tempFolder(t),
    findDamage: findHere,
  });
  assert.equal(must(opened).body.repository, "https://git.example.org/estate.git");
});

test("a store that refuses is said in words, without the key", async t => {
  const store = await openStore(t);
  const wrong = { ...EXAMPLE, secretAccessKey: "another secret" };
  const cases: readonly [BackupTarget, RegExp][] = [
    [targetIn(store, { key: wrong }), /answered 403 SignatureDoesNotMatch/],
    [targetIn(store, { bucket: "other" }), /answered 404 NoSuchBucket/],
    [targetIn({ endpoint: "http://127.0.0.1:1" }), /127\.0\.0\.1:1 cannot be reached: ECONNREFUSED/],
  ];
  for (const [target, words] of cases) {
    const listed = await target.list();
    assert.ok(!listed.ok);
    assert.match(listed.why, words);
    assert.ok(!`${listed.why}${listed.hint}`.includes("another secret"));
  }
});

test("a listing's names are read as they are meant, and others' objects are left out", () => {
  const name = "holdfast-20260102-030405-manual-0a1b2c3d.tar.zst.age";
  const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`;
  const xml = [
    entry(`a&amp;b/${name}`),
    entry("a&amp;b/other"),
    entry(name),
    entry(`a&#x26;b/${name}`),
    entry(`a&#38;b/${name}`),
  ].join("");
  const { found, next } = readListing(`${xml}<NextContinuationToken>x&lt;y</NextContinuationToken>`, "a&b/");
  assert.deepEqual(
    found.map(one => [one.name, one.size]),
    [
      [name, 7],
      [name, 7],
      [name, 7],
    ],
  );
  assert.equal(next, "x<y");
});

test("the key of the store comes from a file in the form of AWS's tools, or from the environment", async t => {
  const file = path.join(tempFolder(t), "s3");
  writeFileSync(
    file,
    "[other]\naws_access_key_id = no\n[default]\naws_access_key_id = id\naws_secret_access_key=sec/ret+\n",
  );
  assert.deepEqual(await s3Credentials(file, {}), {
    ok: true,
    value: { accessKeyId: "id", secretAccessKey: "sec/ret+" },
  });
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" };
  assert.deepEqual(must(await s3Credentials(undefined, env)), {
    accessKeyId: "a",
    secretAccessKey: "b",
    sessionToken: "c",
  });
  writeFileSync(file, "nonsense secret\n");
  const wrong = await s3Credentials(file, env);
  assert.ok(!wrong.ok && /holds no key/.test(wrong.why) && !wrong.why.includes("secret\n"));
  assert.equal((await s3Credentials(undefined, {})).ok, false);
});
