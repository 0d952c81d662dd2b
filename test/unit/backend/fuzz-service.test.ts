/** The state service under requests of any kind: never a fault of ours, never a word of another stack. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { fuzzing, objectWith } from "../../support/fuzz.ts";
import { call, openServiceStage, type ServiceStage } from "../../support/state-stage.ts";

const CANARY = "canary-of-another-stack";
let stage: ServiceStage;
let runToken = "";

const state = (stack: string): unknown => ({
  version: 3,
  deployment: {
    manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
    resources: [
      {
        urn: `urn:pulumi:${stack}::web::pulumi:pulumi:Stack::web-${stack}`,
        type: "pulumi:pulumi:Stack",
        custom: false,
        outputs: {},
      },
      {
        urn: `urn:pulumi:${stack}::web::holdfast:host:File::f`,
        type: "holdfast:host:File",
        custom: true,
        id: "f",
        inputs: { content: stack === "other" ? CANARY : "mine" },
        parent: `urn:pulumi:${stack}::web::pulumi:pulumi:Stack::web-${stack}`,
      },
    ],
  },
});

before(async () => {
  stage = await openServiceStage();
  for (const stack of ["own", "other"]) {
    const made = await call(stage, "POST", "/api/stacks/organization/web", { body: { stackName: stack } });
    assert.equal(made.status, 200, JSON.stringify(made));
    const imported = await call(stage, "POST", `/api/stacks/organization/web/${stack}/import`, {
      body: state(stack),
    });
    assert.ok(imported.status < 300, JSON.stringify(imported));
  }
  ({ token: runToken } = await stage.control.openRun({ runId: "r1", stack: "web/own" }));
});
after(() => stage.close());

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Undefined where the path is none that can be sent. */
function ask(method: string, path: string, token: string, body: Buffer): Promise<Answered | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answered | undefined>();
  const { hostname, port } = new URL(stage.url);
  const headers = { authorization: token, "content-type": "application/json" };
  try {
    const asked = request({ hostname, port, method, path, headers }, response => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", () => resolve(undefined)).end(body);
  } catch {
    resolve(undefined);
  }
  return promise;
}

const method = fc.constantFrom("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD");
const update = fc.constantFrom("update", "preview", "refresh", "destroy", "rename");
const id = fc.oneof(
  fc.constantFrom("1", "0", "-1", "latest", "x", "00000000-0000-0000-0000-000000000000"),
  fc.string(),
);
const tail = fc.oneof(
  fc.constantFrom(
    ...[
      "",
      "tags",
      "rename",
      "policypacks",
      "export",
      "import",
      "updates",
      "updates/latest",
      "encrypt",
      "decrypt",
    ],
    ...["batch-encrypt", "batch-decrypt", "decrypt/log-decryption", "config", "..", "%2e%2e", "__proto__"],
  ),
  update,
  id.map(one => `export/${encodeURIComponent(one)}`),
  fc.tuple(update, id).map(([kind, one]) => `${kind}/${encodeURIComponent(one)}`),
  fc
    .tuple(
      update,
      id,
      fc.constantFrom(
        "journalentries",
        "checkpoint",
        "renew_lease",
        "events/batch",
        "events",
        "complete",
        "cancel",
      ),
    )
    .map(([kind, one, what]) => `${kind}/${encodeURIComponent(one)}/${what}`),
);
const query = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map(text => `?${text}`),
);
const pathOf = (stack: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(stack, tail, query)
        .map(([name, rest, asked]) => `/api/stacks/${name}/${rest}${asked}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "/api/user",
        "/api/user/stacks",
        "/api/capabilities",
        "/api",
        "/",
        "//",
        "/api/stacks",
      ),
    },
    { weight: 1, arbitrary: fc.webPath() },
  );
const WORDS = [
  ...[
    "stackName",
    "tags",
    "newName",
    "newProject",
    "plaintext",
    "plaintexts",
    "ciphertext",
    "ciphertexts",
    "config",
  ],
  ...[
    "deployment",
    "version",
    "resources",
    "urn",
    "type",
    "id",
    "inputs",
    "outputs",
    "parent",
    "custom",
    "manifest",
  ],
  ...[
    "entries",
    "sequenceID",
    "kind",
    "operationID",
    "isDeployment",
    "untypedDeployment",
    "sequenceNumber",
    "features",
  ],
  ...[
    "metadata",
    "status",
    "succeeded",
    "duration",
    "token",
    "name",
    "runtime",
    "journalVersion",
    "secrets_providers",
  ],
  ...[
    "urn:pulumi:own::web::t::n",
    "web/other",
    "AAAA",
    "state",
    "pendingOperations",
    "operation",
    "creating",
  ],
];
const body = fc.oneof(
  { weight: 6, arbitrary: objectWith(WORDS).map(value => Buffer.from(JSON.stringify(value) ?? "")) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.alloc(0), Buffer.from("[".repeat(50_000)), Buffer.from("null")),
  },
);

/** What the log says of faults: an answer of 500 comes with one. */
const faults = (): string => JSON.stringify(stage.logged.filter(({ level }) => level === "error"));

test("without a token that is known, nothing is answered but that", async () => {
  const token = fc.oneof(
    fc.constantFrom("", "token ", "token hfp_x", "Bearer x", "update-token x", "basic QTpC"),
    fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
  );
  const stack = fc.constantFrom("organization/web/own", "organization/web/other");
  await fc.assert(
    fc.asyncProperty(method, pathOf(stack), token, body, async (verb, path, given, bytes) => {
      const answered = await ask(verb, path, given, bytes);
      if (!answered) return;
      assert.ok(answered.status >= 400 && answered.status < 500, `${verb} ${path}: ${answered.status}`);
      assert.ok(!answered.text.includes(CANARY));
    }),
    fuzzing(),
  );
  assert.equal(faults(), "[]");
});

test("a run's token gets no word of another stack, and changes nothing of it", async () => {
  const before = await call(stage, "GET", "/api/stacks/organization/web/other/export");
  const stack = fc.constantFrom(
    ...["organization/web/other", "organization/web/own", "acme/web/other", "organization/web/own/../other"],
    ...["organization/web%2Fother/x", "organization/web/OTHER", "organization/web/other%00"],
  );
  await fc.assert(
    fc.asyncProperty(method, pathOf(stack), body, async (verb, path, bytes) => {
      const answered = await ask(verb, path, `token ${runToken}`, bytes);
      if (!answered) return;
      assert.ok(answered.status < 500, `${verb} ${path} ${bytes.toString().slice(0, 500)}: ${faults()}`);
      assert.ok(!answered.text.includes(CANARY), `${verb} ${path}`);
    }),
    fuzzing(),
  );
  const now = await call(stage, "GET", "/api/stacks/organization/web/other/export");
  assert.ok(JSON.stringify(now).includes(CANARY));
  assert.deepEqual(now, before);
});

test("a person's token may do much, and no request is answered with a fault of ours", async () => {
  const stack = fc.constantFrom(
    "organization/web/own",
    "organization/web/none",
    "organization/web/%ff",
    "a/b/c",
  );
  await fc.assert(
    fc.asyncProperty(method, pathOf(stack), body, async (verb, path, bytes) => {
      const answered = await ask(verb, path, `token ${stage.token}`, bytes);
      assert.ok(
        (answered?.status ?? 0) < 500,
        `${verb} ${path} ${bytes.toString().slice(0, 500)}: ${faults()}`,
      );
    }),
    fuzzing(),
  );
  assert.equal((await call(stage, "GET", "/api/user")).status, 200);
});
