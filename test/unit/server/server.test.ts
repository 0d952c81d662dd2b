import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import type { EngineEvent } from "../../../src/engine/event.ts";
import { ok } from "../../../src/engine/failure.ts";
import type { AskRun, Control } from "../../../src/engine/ports/control.ts";
import { createHttpServer, type ServerOptions } from "../../../src/server/server.ts";

const SECRET = "hook secret";
const notAsked = (): never => {
  throw new Error("not asked in this test");
};

interface Asked {
  polls: number;
  wishes: AskRun[];
}

function control(asked: Asked): Control {
  return {
    overview: async () => ({
      repository: "/repo",
      branch: "main",
      stacks: [],
      care: { backups: { on: false } },
      at: 0,
    }),
    runs: async () => [],
    run: async () => undefined,
    drift: notAsked,
    poll: async () => {
      asked.polls += 1;
      return ok({ sha: "a".repeat(40), author: "Ada", email: "", subject: "", time: 0 });
    },
    ask: async wish => {
      asked.wishes.push(wish);
      return ok([]);
    },
    approve: notAsked,
    pause: notAsked,
    resume: async () => {
      throw new Error("the disk is full");
    },
    acceptRewrite: notAsked,
    lock: notAsked,
    unlock: notAsked,
    exportState: notAsked,
    rotateKeys: notAsked,
    importState: notAsked,
  };
}

interface Place {
  readonly port: number;
  readonly url: string;
  readonly asked: Asked;
  readonly listeners: Set<(event: EngineEvent) => void>;
}

async function serve(t: TestContext, more: Partial<ServerOptions> = {}): Promise<Place> {
  const asked: Asked = { polls: 0, wishes: [] };
  const listeners: Place["listeners"] = new Set();
  const server = createHttpServer({
    control: control(asked),
    subscribe: listener => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    metrics: async () => "holdfast_up 1\n",
    health: async () => ({ ok: true, checks: {} }),
    hookSecret: async () => SECRET,
    person: async token => (token === "good" ? "ada" : undefined),
    tokenRequired: true,
    hosts: ["holdfast.example.org"],
    onError: error => assert.fail(String(error)),
    ...more,
  });
  t.after(() => server.close());
  const port = await server.listen("127.0.0.1", 0);
  return { port, url: `http://127.0.0.1:${port}`, asked, listeners };
}

const signed = (body: string, secret = SECRET): Record<string, string> => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});
const WITH_TOKEN = { authorization: "Bearer good" };

/** With any header, also Host, which fetch sets itself. */
function ask(port: number, path: string, headers: Record<string, string>, method = "POST"): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request({ host: "127.0.0.1", port, path, method, headers }, response => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  outgoing.once("error", reject);
  outgoing.end();
  return promise;
}

test("a hook that GitHub or Gitea signed makes a fetch, one with a wrong signature is refused", async t => {
  const { url, asked } = await serve(t);
  const post = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/hooks/git`, { method: "POST", body: "{}", headers });
  assert.equal((await post(signed("{}"))).status, 202);
  const gitea = { "x-gitea-signature": createHmac("sha256", SECRET).update("{}").digest("hex") };
  assert.equal((await post(gitea)).status, 202);
  assert.equal(asked.polls, 2);
  for (const headers of [{}, signed("{}", "other"), { ...gitea, ...signed("{ }") }])
    assert.equal((await post(headers)).status, 401);
  assert.equal(asked.polls, 2);
});

test("a hook that is too large is told so, and the connection of its sender is not reset before", async t => {
  const { url, asked } = await serve(t);
  const body = "x".repeat(3 * 1024 * 1024);
  const response = await fetch(`${url}/hooks/git`, { method: "POST", body, headers: signed(body) });
  assert.equal(response.status, 413);
  assert.match(await response.text(), /larger than 1048576 bytes/);
  assert.equal(asked.polls, 0);
});

test("without a hook secret there is no hook", async t => {
  const { url } = await serve(t, { hookSecret: async () => undefined });
  const response = await fetch(`${url}/hooks/git`, { method: "POST", body: "{}", headers: signed("{}") });
  assert.equal(response.status, 404);
});

test("a storm of hooks makes two fetches: the one under way and one after it", async t => {
  const held: (() => void)[] = [];
  let polls = 0;
  const poll: Control["poll"] = () => {
    polls += 1;
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Control["poll"]>>>();
    held.push(() => resolve({ ok: false, failure: { kind: "aborted", reason: "shutting-down" } }));
    return promise;
  };
  const { url } = await serve(t, { control: { ...control({ polls: 0, wishes: [] }), poll } });
  const post = (): Promise<Response> =>
    fetch(`${url}/hooks/git`, { method: "POST", body: "{}", headers: signed("{}") });
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await post()).status));
  assert.deepEqual(new Set(statuses), new Set([202]));
  assert.equal(polls, 1);
  held[0]?.();
  while (held.length < 2) await new Promise(resolve => setImmediate(resolve));
  held[1]?.();
  await post();
  assert.equal(polls, 3, "when all is quiet, the next hook is a fetch again");
  held[2]?.();
});

test("metrics and API need a token; whose it is counts, not what the caller says", async t => {
  const { url, asked } = await serve(t);
  const body = JSON.stringify({ stacks: ["app/prod"], mode: "converge", by: "mallory" });
  for (const path of ["/metrics", "/api/v1/ask"]) {
    const method = path === "/metrics" ? "GET" : "POST";
    for (const headers of [{}, { authorization: "Bearer bad" }, { authorization: "good" }])
      assert.equal((await fetch(url + path, { method, headers })).status, 401, path);
  }
  assert.equal(await (await fetch(`${url}/metrics`, { headers: WITH_TOKEN })).text(), "holdfast_up 1\n");
  const answered = await fetch(`${url}/api/v1/ask`, { method: "POST", body, headers: WITH_TOKEN });
  assert.deepEqual([answered.status, await answered.text()], [200, '{"result":{"ok":true,"value":[]}}\n']);
  assert.deepEqual(asked.wishes, [{ stacks: ["app/prod"], mode: "converge", by: "ada" }]);
});

test("a call that cannot be understood is a 400, an unknown one a 404, a bug of ours a 500", async t => {
  const { url } = await serve(t);
  const call = async (name: string, body: string): Promise<number> =>
    (await fetch(`${url}/api/v1/${name}`, { method: "POST", body, headers: WITH_TOKEN })).status;
  for (const body of ["{", "[]", "1", "null", '{"stacks":"all"}', '{"mode":"destroy-all"}'])
    assert.equal(await call("ask", body), 400, body);
  assert.equal(await call("runs", '{"limit":0}'), 400);
  assert.equal(await call("ask", `{"mode":"${"x".repeat(70_000)}"}`), 413);
  for (const name of ["toString", "__proto__", "constructor", "nothing"])
    assert.equal(await call(name, "{}"), 404, name);
  assert.equal(await call("resume", '{"stack":"app/prod"}'), 500);
  for (const path of ["/", "/nothing", "//", "/api/v1/", "/metrics/x"])
    assert.equal((await fetch(url + path, { headers: WITH_TOKEN })).status, 404, path);
  assert.equal(
    (await fetch(`${url}/api/v1/ask`, { headers: WITH_TOKEN })).status,
    404,
    "GET changes nothing",
  );
});

test("a page in somebody's browser cannot speak to it: foreign Host and Origin are refused", async t => {
  const { port } = await serve(t);
  const to = (headers: Record<string, string>): Promise<number> =>
    ask(port, "/metrics", { ...WITH_TOKEN, ...headers }, "GET");
  for (const host of ["127.0.0.1", `localhost:${port}`, "[::1]:80", "holdfast.example.org"])
    assert.equal(await to({ host }), 200, host);
  for (const host of ["evil.example.org", "127.0.0.1.evil.example.org", "localhost.evil"])
    assert.equal(await to({ host }), 421, host);
  assert.equal(await to({ origin: "http://localhost:3000" }), 200);
  for (const origin of ["https://evil.example.org", "null", "x"])
    assert.equal(await to({ origin }), 421, origin);
  assert.equal(
    await ask(port, "/healthz", { host: "evil.example.org" }, "GET"),
    200,
    "health is for everybody",
  );
});

test("ill health is a 503 that names what is down", async t => {
  const checks = { stateService: "down" };
  const { url } = await serve(t, { health: async () => ({ ok: false, checks }) });
  const response = await fetch(`${url}/healthz`);
  assert.deepEqual([response.status, await response.json()], [503, { ok: false, checks }]);
});

test("senders that never finish their requests do not keep others waiting", async t => {
  const { port, url } = await serve(t);
  const halves = Array.from({ length: 50 }, (_, index) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(
      index % 2 ? "POST /hooks/git HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx" : "GET / HT",
    );
    return socket;
  });
  t.after(() => halves.forEach(socket => socket.destroy()));
  await Promise.all(halves.map(socket => new Promise(resolve => socket.once("connect", resolve))));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test("who leaves while a run is under way hears no more of it, and the run is not concerned", async t => {
  const { promise: asked, resolve: begun } = Promise.withResolvers<void>();
  const { promise: over, resolve: end } = Promise.withResolvers<Awaited<ReturnType<Control["ask"]>>>();
  const ask: Control["ask"] = () => (begun(), over);
  const { url, listeners } = await serve(t, { control: { ...control({ polls: 0, wishes: [] }), ask } });
  const leaving = new AbortController();
  const body = JSON.stringify({ stacks: [], mode: "plan" });
  const call = fetch(`${url}/api/v1/ask`, {
    method: "POST",
    body,
    headers: WITH_TOKEN,
    signal: leaving.signal,
  });
  await asked;
  assert.equal(listeners.size, 1);
  leaving.abort();
  await assert.rejects(call);
  while (listeners.size > 0) await new Promise(resolve => setImmediate(resolve));
  end(ok([]));
});
