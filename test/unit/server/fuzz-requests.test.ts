/** Webhooks and API calls of any shape: only a right signature fetches, only a token is let in, and nothing ends the server. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { fail, ok, type Failure } from "../../../src/engine/failure.ts";
import type { Control } from "../../../src/engine/ports/control.ts";
import { createHttpServer } from "../../../src/server/server.ts";
import { fuzzing, objectWith } from "../../support/fuzz.ts";

const SECRET = "hook secret";
const nothing: Failure = { kind: "waiting", reason: "not-managed" };
const errors: unknown[] = [];
let polls = 0;
let port = 0;

/** Answers each question as if there were nothing. */
const control: Control = new Proxy({} as Control, {
  get: (_, name) => {
    if (name === "poll")
      return async () => {
        polls += 1;
        return ok({ sha: "a".repeat(40), author: "", subject: "", time: 0 });
      };
    return async () => fail(nothing);
  },
});

const server = createHttpServer({
  control,
  subscribe: () => () => undefined,
  metrics: async () => "holdfast_up 1\n",
  health: async () => ({ ok: true, checks: {} }),
  hookSecret: async () => SECRET,
  person: async token => (token === "good" ? "ada" : undefined),
  tokenRequired: true,
  hosts: [],
  onError: error => void errors.push(error),
});
before(async () => void (port = await server.listen("127.0.0.1", 0)));
after(() => server.close());

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The status; undefined where Node's own parser, on either side, does not let the request through. */
function send({ method, path, headers, body }: Sent): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  try {
    const asked = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, response => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    asked.on("error", () => resolve(undefined)).end(body);
  } catch {
    resolve(undefined);
  }
  return promise;
}

const sign = (body: Buffer): string => createHmac("sha256", SECRET).update(body).digest("hex");
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
  objectWith(["ref", "repository", "commits", "refs/heads/main", "clone_url"]).map(value =>
    Buffer.from(JSON.stringify(value) ?? ""),
  ),
  fc.constantFrom(Buffer.alloc(0), Buffer.alloc(1024 * 1024, "a"), Buffer.from('{"a":'.repeat(5000))),
);

test("a hook is accepted if, and only if, every signature on it is right", async () => {
  const names = ["x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature"] as const;
  const value = fc.constantFrom<"right" | "wrong" | "bare" | "empty" | "long" | "case">(
    ...(["right", "right", "wrong", "bare", "empty", "long", "case"] as const),
  );
  const given = fc.dictionary(fc.constantFrom(...names), value, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(body, given, async (bytes, signatures) => {
      const hex = sign(bytes);
      const headers: Record<string, string> = {};
      let right = Object.keys(signatures).length > 0;
      for (const [name, kind] of Object.entries(signatures)) {
        const prefix = name === "x-hub-signature-256" ? "sha256=" : "";
        const texts = {
          right: prefix + hex,
          wrong: prefix + sign(Buffer.concat([bytes, Buffer.from("x")])),
          bare: prefix === "" ? `sha256=${hex}` : hex,
          empty: "",
          long: `${prefix}${hex}00`,
          case: prefix + hex.toUpperCase(),
        };
        headers[name] = texts[kind];
        if (kind !== "right" && kind !== "case") right = false;
      }
      const status = await send({ method: "POST", path: "/hooks/git", headers, body: bytes });
      assert.equal(status, right ? 202 : 401);
    }),
    fuzzing(),
  );
  assert.ok(polls > 0);
});

test("requests of any shape without a token are turned away, and fetch nothing", async () => {
  const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE");
  const path = fc.oneof(
    fc.constantFrom(
      "/",
      "/metrics",
      "/hooks/git",
      "/api/v1/overview",
      "/api/v1/ask",
      "/api/v1/__proto__",
      "//",
      "/%00",
    ),
    fc.constantFrom(
      "/api/v1/constructor",
      "/api/v1/importState",
      "/hooks/git/",
      "/hooks/git?x",
      "*",
      "/../metrics",
    ),
    fc.webPath(),
  );
  const name = fc.constantFrom(
    "host",
    "origin",
    "authorization",
    "content-type",
    "content-length",
    "transfer-encoding",
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("evil.example.org", "Bearer bad", "token ", "0", "chunked", "gzip"),
  );
  await fc.assert(
    fc.asyncProperty(method, path, fc.dictionary(name, value), body, async (verb, where, headers, bytes) => {
      const seen = polls;
      const status = await send({ method: verb, path: where, headers, body: bytes });
      assert.ok(
        status === undefined || (status >= 400 && status < 500),
        `${verb} ${where}: ${String(status)}`,
      );
      assert.equal(polls, seen);
    }),
    fuzzing(),
  );
});

test("calls of any method and body with a token never fail by a fault of ours", async () => {
  const words = [
    "stacks",
    "mode",
    "converge",
    "by",
    "revision",
    "stack",
    "why",
    "runId",
    "limit",
    "id",
    "web/dev",
  ];
  const method = fc.oneof(
    fc.constantFrom(
      ...["overview", "runs", "run", "drift", "poll", "ask", "approve", "pause", "resume", "acceptRewrite"],
      ...[
        "exportState",
        "importState",
        "events",
        "lock",
        "unlock",
        "rotateKeys",
        "toString",
        "__proto__",
        "then",
      ],
    ),
    fc.stringMatching(/^\w{1,10}$/),
  );
  await fc.assert(
    fc.asyncProperty(method, objectWith(words), async (name, value) => {
      const headers = { authorization: "Bearer good", "content-type": "application/json" };
      const bytes = Buffer.from(JSON.stringify(value) ?? "");
      const asked = await Promise.race([
        send({ method: "POST", path: `/api/v1/${name}`, headers, body: bytes }),
        // A stream of events has no end.
        name === "events" ? Promise.resolve(200) : new Promise<never>(() => undefined),
      ]);
      assert.ok(asked !== undefined && asked < 500, `${name} ${bytes.toString()}: ${String(asked)}`);
    }),
    fuzzing(),
  );
  assert.deepEqual(errors, []);
});
