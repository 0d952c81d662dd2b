/** The protocol's edges that the CLI shows only on bad days. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Binding } from "../../../src/engine/ports/state.ts";
import { call, openServiceStage, type ServiceStage } from "../../support/state-stage.ts";

let stage: ServiceStage;
let names = 0;
before(async () => {
  stage = await openServiceStage();
});
after(() => stage.close());

type Token = { readonly token?: string; readonly scheme?: string };

async function newStack(): Promise<string> {
  const name = `s${++names}`;
  const made = await call(stage, "POST", "/api/stacks/organization/web", { body: { stackName: name } });
  assert.equal(made.status, 200);
  return name;
}

const urn = (stack: string, name: string): string => `urn:pulumi:${stack}::web::probe:index:Thing::${name}`;
const resource = (stack: string, name: string): object => ({
  urn: urn(stack, name),
  custom: true,
  type: "probe:index:Thing",
  id: name,
});
const begin = (stack: string, id: number, name: string): object => ({
  version: 1,
  kind: 0,
  sequenceID: id * 2 - 1,
  operationID: id,
  operation: { type: "creating", resource: resource(stack, name) },
});
const success = (stack: string, id: number, name: string): object => ({
  version: 1,
  kind: 1,
  sequenceID: id * 2,
  operationID: id,
  state: resource(stack, name),
});

interface Live {
  readonly path: string;
  readonly update: Token;
}

async function start(
  stack: string,
  access: Token = {},
  kind = "update",
): Promise<{ status: number; message: unknown; live: Live }> {
  const base = `/api/stacks/organization/web/${stack}`;
  const made = await call(stage, "POST", `${base}/${kind}`, {
    body: { metadata: {}, options: {} },
    ...access,
  });
  const path = `${base}/update/${String(made.json.updateID)}`;
  const started = await call(stage, "POST", path, { body: { journalVersion: 1 }, ...access });
  const update = { token: String(started.json.token), scheme: "update-token" };
  return { status: started.status, message: started.json.message, live: { path, update } };
}

const send = (live: Live, entries: readonly object[]) =>
  call(stage, "PATCH", `${live.path}/journalentries`, { body: { entries }, ...live.update });
const complete = (live: Live) =>
  call(stage, "POST", `${live.path}/complete`, { body: { status: "succeeded" }, ...live.update });

async function resources(stack: string): Promise<readonly string[]> {
  const read = await stage.control.resources(`web/${stack}`);
  assert.ok(read.ok);
  return read.value.map(item => item.urn);
}

test("without a known token nothing is answered", async () => {
  for (const token of ["", "nonsense"])
    assert.equal((await call(stage, "GET", "/api/user", { token })).status, 401);
});

test("a batch that comes twice is stored once", async () => {
  const stack = await newStack();
  const { live } = await start(stack);
  const batch = [begin(stack, 1, "a"), success(stack, 1, "a")];
  assert.equal((await send(live, batch)).status, 204);
  assert.equal((await send(live, batch)).status, 204);
  await complete(live);
  assert.deepEqual(await resources(stack), [urn(stack, "a")]);
});

test("a restart of the service in the middle of an update loses nothing", async () => {
  const stack = await newStack();
  const { live } = await start(stack);
  await send(live, [begin(stack, 1, "a")]);
  await stage.restart();
  assert.equal((await send(live, [success(stack, 1, "a")])).status, 204);
  assert.equal((await complete(live)).status, 204);
  assert.deepEqual(await resources(stack), [urn(stack, "a")]);
});

test("of the engine's events the summary is kept, whichever batch it comes in", async () => {
  const stack = await newStack();
  const { live } = await start(stack);
  const tell = async (body: string): Promise<number> => {
    const authorization = `update-token ${live.update.token ?? ""}`;
    const sent = await fetch(`${stage.url}${live.path}/events/batch`, {
      method: "POST",
      headers: { authorization },
      body,
    });
    await sent.text();
    return sent.status;
  };
  const summary = { sequence: 2, summaryEvent: { resourceChanges: { create: 1, same: 2 } } };
  assert.equal(await tell(JSON.stringify({ events: [{ sequence: 1, preludeEvent: { config: {} } }] })), 204);
  assert.equal(await tell(JSON.stringify({ events: [summary] })), 204);
  assert.equal(await tell(JSON.stringify({ events: [{ sequence: 3, cancelEvent: {} }] })), 204);
  await complete(live);
  const { json } = await call(stage, "GET", `/api/stacks/organization/web/${stack}/updates/latest`);
  assert.deepEqual((json.info as Record<string, unknown>).resourceChanges, { create: 1, same: 2 });
});

test("a lease that ran out is replayed at the next read; its holder is told", async () => {
  const stack = await newStack();
  const { live } = await start(stack);
  await send(live, [begin(stack, 1, "a"), success(stack, 1, "a"), begin(stack, 2, "b")]);
  stage.clock.skip(300_001);
  assert.deepEqual(await resources(stack), [urn(stack, "a")]);
  assert.deepEqual(
    (await stage.control.pending(`web/${stack}`)).map(item => item.urn),
    [urn(stack, "b")],
  );
  const late = await send(live, [success(stack, 2, "b")]);
  assert.equal(late.status, 403);
  const renewed = await call(stage, "POST", `${live.path}/renew_lease`, {
    body: { duration: 300 },
    ...live.update,
  });
  assert.equal(renewed.status, 403);
});

test("a renewed lease lives on", async () => {
  const stack = await newStack();
  const { live } = await start(stack);
  stage.clock.skip(200_000);
  const renewed = await call(stage, "POST", `${live.path}/renew_lease`, {
    body: { duration: 300 },
    ...live.update,
  });
  assert.equal(renewed.status, 200);
  stage.clock.skip(200_000);
  const second = await start(stack);
  assert.equal(second.status, 409);
  assert.match(String(second.message), /being changed \(update\) by anna since/);
  await complete(live);
});

test("a dry run takes no lease and leaves no history", async () => {
  const stack = await newStack();
  const held = await start(stack);
  assert.equal((await start(stack, {}, "preview")).status, 200);
  await complete(held.live);
  const history = await call(stage, "GET", `/api/stacks/organization/web/${stack}/updates`);
  assert.deepEqual(
    (history.json.updates as { kind: string }[]).map(update => update.kind),
    ["update"],
  );
});

test("of a refused batch results are stored and nothing begins", async () => {
  const stack = await newStack();
  const { token } = await stage.control.openRun({ runId: "r1", stack: `web/${stack}` });
  const change = {
    urn: urn(stack, "a"),
    type: "probe:index:Thing",
    name: "a",
    op: "create",
    paths: [],
  } as const;
  const binding: Binding = { kind: "apply", stateVersion: 0, changes: [change] };
  await stage.control.bind("r1", binding);
  const { status, live } = await start(stack, { token });
  assert.equal(status, 200);
  assert.equal((await send(live, [begin(stack, 1, "a")])).status, 204);
  const refused = await send(live, [success(stack, 1, "a"), begin(stack, 2, "x"), begin(stack, 3, "a")]);
  assert.equal(refused.status, 403);
  assert.match(String(refused.json.message), /creating .*::x is not in the approved plan/);
  const outcome = await stage.control.endRun("r1");
  assert.deepEqual(outcome, {
    stateVersion: 1,
    pending: [],
    refusals: [{ urn: urn(stack, "x"), operation: "creating", why: "is not in the approved plan" }],
  });
  assert.deepEqual(await resources(stack), [urn(stack, "a")]);
});

test("a run can't touch another stack, and no run may import, remove or make stacks", async () => {
  const [own, other] = [await newStack(), await newStack()];
  const { token } = await stage.control.openRun({ runId: "r2", stack: `web/${own}` });
  const at = (stack: string, rest: string): string => `/api/stacks/organization/web/${stack}${rest}`;
  const tries = [
    ["POST", at(other, "/update")],
    ["POST", at(other, "/encrypt")],
    ["GET", at(other, "/updates")],
    ["GET", at(other, "/export/1")],
    ["DELETE", at(own, "")],
    ["POST", at(own, "/import")],
    ["POST", "/api/stacks/organization/web"],
  ] as const;
  for (const [method, route] of tries)
    assert.equal(
      (await call(stage, method, route, { token, body: method === "GET" ? undefined : {} })).status,
      403,
      `${method} ${route}`,
    );
  await stage.control.endRun("r2");
  assert.equal((await call(stage, "GET", at(own, ""), { token })).status, 401);
});

test("an up that comes before its plan, or during the refresh before it, waits until it is bound", async () => {
  const stack = await newStack();
  for (const before of [
    { kind: "awaited" },
    { kind: "refresh", stateVersion: 0, drift: [], upFollows: true },
  ] satisfies Binding[]) {
    const runId = `ahead-${before.kind}`;
    const { token } = await stage.control.openRun({ runId, stack: `web/${stack}` });
    await stage.control.bind(runId, before);
    const starting = start(stack, { token });
    // Another request of the same run is answered meanwhile: this one is waiting, and not only slow.
    assert.equal((await call(stage, "GET", `/api/stacks/organization/web/${stack}`, { token })).status, 200);
    await stage.control.bind(runId, { kind: "apply", stateVersion: 0, changes: [] });
    const { status, message } = await starting;
    assert.equal(status, 200, String(message));
    assert.deepEqual((await stage.control.endRun(runId)).refusals, []);
  }
});

test("a run that nobody works at any more is ended with its token, the others are let be", async () => {
  const stack = await newStack();
  const open = (runId: string) => stage.control.openRun({ runId, stack: `web/${stack}` });
  const [forgotten, active] = [await open("r-forgotten"), await open("r-active")];
  await stage.control.endExpired(["r-active"]);
  const at = `/api/stacks/organization/web/${stack}`;
  assert.equal((await call(stage, "GET", at, { token: forgotten.token })).status, 401);
  assert.equal((await call(stage, "GET", at, { token: active.token })).status, 200);
  await stage.control.endRun("r-active");
});

test("a ciphertext of one stack can't be read with another, nor after a change", async () => {
  const [one, other] = [await newStack(), await newStack()];
  const [ciphertext] = await stage.control.encrypt(`web/${one}`, ["hush"]);
  const open = (stack: string, text: unknown) =>
    call(stage, "POST", `/api/stacks/organization/web/${stack}/decrypt`, { body: { ciphertext: text } });
  assert.equal((await open(one, ciphertext)).json.plaintext, Buffer.from("hush").toString("base64"));
  assert.equal((await open(other, ciphertext)).status, 400);
  const bytes = Buffer.from(ciphertext ?? "", "base64");
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  assert.equal((await open(one, bytes.toString("base64"))).status, 400);
});

test("imports that would brick a stack are refused and say why", async () => {
  const name = "web/imported";
  const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
  const a = { urn: urn("imported", "a"), custom: true, type: "probe:index:Thing", id: "a" };
  const importing = (resources: readonly object[], more = {}) =>
    stage.control.importState(name, { version: 3, deployment: { manifest, resources, ...more } });
  const why = async (...given: Parameters<typeof importing>): Promise<string> => {
    const result = await importing(...given);
    assert.ok(!result.ok);
    return JSON.stringify(result.failure);
  };
  assert.match(await why([a, a]), /is there twice/);
  assert.match(await why([{ ...a, parent: urn("imported", "none") }]), /its parent .* is not there/);
  assert.match(await why([{ ...a, dependencies: [urn("imported", "none")] }]), /its dependency/);
  assert.match(
    await why([{ ...a, provider: "urn:pulumi:imported::web::pulumi:providers:probe::default::1" }]),
    /its provider/,
  );
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:abc",
  };
  const elsewhere = { secrets_providers: { type: "passphrase", state: { salt: "x" } } };
  assert.match(await why([{ ...a, inputs: { word: secret } }], elsewhere), /passphrase.*--show-secrets/);
  assert.equal(await stage.store.stack(name), undefined, "a refused import left a stack behind");
  const clear = { ...secret, ciphertext: undefined, plaintext: `"hush"` };
  const done = await importing([{ ...a, inputs: { word: clear } }]);
  assert.deepEqual(done, { ok: true, value: { version: 1, resources: 1, pending: [] } });
  const exported = await stage.control.exportState(name);
  assert.ok(exported.ok && !JSON.stringify(exported.value).includes("hush"));
  const opened = await stage.control.resources(name, { openSecrets: true });
  assert.ok(opened.ok && opened.value[0]?.inputs.word === "hush");
});

test("a secret inside a secret, which the engine does not encrypt once more, is opened with it", async () => {
  const marked = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
  const connection = { host: "frodo", privateKey: { ...marked, ciphertext: JSON.stringify("hush") } };
  const inputs = { connection: { ...marked, plaintext: JSON.stringify(connection) } };
  const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
  const a = { urn: urn("nested", "a"), custom: true, type: "probe:index:Thing", id: "a", inputs };
  const name = "web/nested";
  const made = await stage.control.importState(name, {
    version: 3,
    deployment: { manifest, resources: [a] },
  });
  assert.ok(made.ok);
  const exported = await stage.control.exportState(name);
  assert.ok(exported.ok && !JSON.stringify(exported.value).includes("hush"));
  const opened = await stage.control.resources(name, { openSecrets: true });
  assert.ok(opened.ok, JSON.stringify(opened));
  assert.deepEqual(opened.value[0]?.inputs["connection"], { host: "frodo", privateKey: "hush" });
});

test("what isn't supported is named; a body that is no JSON is told so", async () => {
  const missing = await call(stage, "GET", "/api/orgs/organization/members");
  assert.equal(missing.status, 404);
  assert.match(String(missing.json.message), /has no teams, members and roles \(GET \/api\/orgs/);
  const unheard = await call(stage, "GET", "/api/never/heard/of");
  assert.match(String(unheard.json.message), /does not support GET \/api\/never\/heard\/of/);
  const headers = { authorization: `token ${stage.token}` };
  const stacks = `${stage.url}/api/stacks/organization/web`;
  // Reading an update's events is not supported, by the same path as sending them, which is.
  for (const [path, body] of [
    ["", "{"],
    ["/shop/update/some-id/events/batch", '{"summaryEvent": {'],
  ] as const) {
    const broken = await fetch(stacks + path, { method: "POST", headers, body });
    assert.equal(broken.status, 400, await broken.text());
  }
});

test("tokens of people: made once by name, listed without the token, dead once revoked", async () => {
  const { createPeopleTokens } = await import("../../../src/backend/tokens.ts");
  const tokens = createPeopleTokens(stage.store, () => stage.clock.now());
  const token = await tokens.create("carl");
  assert.equal(await tokens.create("carl"), undefined);
  assert.equal((await call(stage, "GET", "/api/user", { token: token ?? "" })).json.githubLogin, "carl");
  assert.ok(!JSON.stringify(await tokens.list()).includes(token ?? ""));
  assert.ok(await tokens.revoke("carl"));
  assert.equal((await call(stage, "GET", "/api/user", { token: token ?? "" })).status, 401);
});

test("no token and no secret is in the log or in the clear in the database", async () => {
  const log = JSON.stringify(stage.logged);
  assert.ok(!log.includes(stage.token) && !log.includes("hush"));
  assert.deepEqual(
    stage.logged.filter(entry => entry.level === "error"),
    [],
  );
  const rows = JSON.stringify(stage.db.prepare("SELECT text FROM state_checkpoints").all());
  assert.ok(!rows.includes("hush"));
});
