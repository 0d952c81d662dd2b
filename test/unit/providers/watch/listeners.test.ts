/** Who is listened to, with sessions of the test's own: one for each host, as long as somebody wants it. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Question } from "../../../../src/providers/connection/questions.ts";
import type { Connection } from "../../../../src/providers/connection/spec.ts";
import { createListeners, LISTENERS_LIMITS } from "../../../../src/providers/watch/listeners.ts";
import type { Places } from "../../../../src/providers/watch/places.ts";
import type { Hearing, SessionEnd } from "../../../../src/providers/watch/session.ts";

interface Opened {
  readonly host: string;
  readonly places: Places;
  readonly hearing: Hearing;
  readonly end: (end: SessionEnd) => void;
  closed: boolean;
}

const hostOf = (connection: Connection): string =>
  connection.kind === "local" ? `folder ${connection.root}` : connection.host;
const settled = (): Promise<unknown> => new Promise(resolve => setImmediate(resolve));

function stage(t: TestContext, most = 2) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const opened: Opened[] = [];
  const changed: (readonly string[])[] = [];
  const deaf: string[] = [];
  const there: string[] = [];
  const listeners = createListeners({
    cwd: "/",
    onReady: async ({ connection }) => void there.push(`${hostOf(connection)} is ready`),
    onTold: () => void there.push("told"),
    limits: { ...LISTENERS_LIMITS, most },
    describe: connection => ({ name: hostOf(connection), system: connection.kind === "ssh" }),
    heard: {
      changed: stacks => void changed.push(stacks),
      deaf: (host, why) => void deaf.push(`${host}: ${why}`),
    },
    open(connection, places, hearing) {
      const { promise: ended, resolve: end } = Promise.withResolvers<SessionEnd>();
      const one: Opened = { host: hostOf(connection), places, hearing, end, closed: false };
      opened.push(one);
      const close = (): void => {
        one.closed = true;
        end({});
      };
      return { ended, close };
    },
  });
  const pass = async (ms: number): Promise<void> => {
    await settled();
    t.mock.timers.tick(ms);
    await settled();
  };
  const live = (): readonly string[] => opened.filter(({ closed }) => !closed).map(({ host }) => host);
  return { listeners, opened, changed, there, deaf, pass, live };
}

const part = (host: string, ...paths: string[]) => {
  const connection: Connection = { kind: "ssh", host, sudo: false };
  const questions = paths.map((path): Question => ({ about: "entry", path }));
  return { key: JSON.stringify(connection), connection, questions };
};
const SOON = LISTENERS_LIMITS.gatherMs;

test("stacks of one host share a session, which is made anew where they want something else", async t => {
  const { listeners, opened, changed, there, pass, live } = stage(t);
  listeners.want(["a", "b"]);
  listeners.looked("a", [part("frodo", "/a")]);
  listeners.looked("b", [part("frodo", "/b")]);
  listeners.looked("stranger", [part("frodo", "/c")]);
  await pass(SOON);
  assert.deepEqual(
    opened.map(({ places }) => places.paths),
    [["/a", "/b"]],
  );
  opened[0]?.hearing.ready();
  await settled();
  assert.deepEqual(changed, [["a", "b"]], "what happened before it was ready is to be looked at");
  assert.deepEqual(there, ["frodo is ready", "told"], "whoever took it for dead knows better first");
  listeners.looked("a", [part("frodo", "/a")]);
  await pass(SOON);
  assert.equal(opened.length, 1);
  listeners.looked("a", [part("frodo", "/a", "/d")]);
  await pass(SOON);
  assert.deepEqual(opened[1]?.places.paths, ["/a", "/b", "/d"]);
  assert.deepEqual(live(), ["frodo"]);
  listeners.want(["b"]);
  await pass(SOON);
  assert.deepEqual(opened[2]?.places.paths, ["/b"]);
  listeners.want([]);
  await pass(SOON);
  assert.deepEqual(live(), []);
});

test("a stack that moved to another host leaves the first, and a folder is no host", async t => {
  const { listeners, pass, live } = stage(t);
  listeners.want(["a", "folder"]);
  listeners.looked("a", [part("frodo", "/a")]);
  const folder: Connection = { kind: "local", root: "/srv/box" };
  listeners.looked("folder", [
    { key: "folder", connection: folder, questions: [{ about: "entry", path: "/a" }] },
  ]);
  await pass(SOON);
  assert.deepEqual(live(), ["frodo"]);
  listeners.looked("a", [part("camelot", "/a")]);
  await pass(SOON);
  assert.deepEqual(live(), ["camelot"]);
  listeners.looked("a", []);
  assert.deepEqual(live(), []);
});

test("a session that is lost is opened again, later and later", async t => {
  const { listeners, opened, deaf, pass } = stage(t);
  listeners.want(["a"]);
  listeners.looked("a", [part("frodo", "/a")]);
  await pass(SOON);
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    const before = opened.length;
    opened.at(-1)?.end({});
    await pass(seconds * 1_000 - 1);
    listeners.looked("a", [part("frodo", "/a", `/${seconds}`)]);
    assert.equal(opened.length, before, "not sooner because it is looked at");
    await pass(1);
    assert.equal(opened.length, before + 1);
  }
  assert.deepEqual(deaf, []);
});

test("a host that cannot tell is told of once, and asked again after a long time", async t => {
  const { listeners, opened, deaf, pass } = stage(t);
  listeners.want(["a"]);
  listeners.looked("a", [part("frodo", "/a")]);
  await pass(SOON);
  for (let round = 1; round <= 2; round++) {
    opened.at(-1)?.end({ unable: "no systemd" });
    await pass(60_000);
    assert.equal(opened.length, round);
    await pass(LISTENERS_LIMITS.unableMs);
    assert.equal(opened.length, round + 1);
  }
  assert.deepEqual(deaf, ["frodo: no systemd"]);
});

test("no more hosts than the limit are listened to, said once; whose place is free goes to another", async t => {
  const { listeners, deaf, pass, live } = stage(t, 2);
  listeners.want(["a", "b", "c", "d"]);
  for (const name of ["a", "b", "c", "d"]) listeners.looked(name, [part(`host-${name}`, "/a")]);
  await pass(SOON);
  assert.deepEqual(live(), ["host-a", "host-b"]);
  assert.deepEqual(deaf, ["host-c: no more than 2 hosts are listened to at a time"]);
  listeners.want(["b", "c", "d"]);
  await pass(SOON);
  assert.deepEqual(live(), ["host-b", "host-c"]);
  await listeners.close();
  assert.deepEqual(live(), []);
});
