import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { beginEarly } from "../../../src/program/early-run.ts";
import type { ProcessEnd, ProgramProcess, Stream } from "../../../src/program/program-process.ts";
import type { RunMessage } from "../../../src/program/worker/run-message.ts";

const expected: RunMessage = {
  sdk: "/sdk",
  pwd: "/program",
  env: { PULUMI_CONFIG: "{}" },
  args: ["--dry-run", "."],
  typescript: true,
  debug: false,
};
const far = { engine: "127.0.0.1:1", monitor: "127.0.0.1:2" };
const near = { engine: "unix:/e", monitor: "unix:/m" };

function fakeProcess() {
  const asked: RunMessage[] = [];
  const end = Promise.withResolvers<ProcessEnd>();
  const write: ((stream: Stream, chunk: Buffer) => void)[] = [];
  let met: unknown;
  let stopped = 0;
  let alive = true;
  const process: ProgramProcess = {
    pid: 1,
    sdk: "/sdk",
    ready: Promise.resolve(true),
    ended: end.promise,
    rehearse: () => Promise.resolve(false),
    alive: () => alive,
    settle: () => undefined,
    async lead(addresses) {
      void Promise.resolve(addresses).then(known => (met = known));
      return near;
    },
    run(message, onOutput) {
      asked.push(message);
      write.push(onOutput);
      return end.promise;
    },
    output: () => "",
    async stop() {
      stopped++;
    },
  };
  return { process, asked, write, end, met: () => met, stopped: () => stopped, die: () => (alive = false) };
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test("it begins at once, and the engine's addresses come later", async () => {
  const fake = fakeProcess();
  const early = beginEarly(fake.process, expected);
  await turn();
  assert.deepEqual(fake.asked, [
    { ...expected, args: ["--monitor", near.monitor, "--engine", near.engine, "--dry-run", "."] },
  ]);
  assert.equal(fake.met(), undefined);
  fake.write[0]?.("stderr", Buffer.from("early"));
  const heard: string[] = [];
  const ended = early.meet(far, (_stream, chunk) => void heard.push(chunk.toString()));
  fake.write[0]?.("stdout", Buffer.from("late"));
  fake.end.resolve({ code: 0, signal: null });
  assert.deepEqual(await ended, { code: 0, signal: null });
  assert.deepEqual(fake.met(), far);
  assert.deepEqual(heard, ["early", "late"]);
});

test("it fits what is asked in just these words", () => {
  const early = beginEarly(fakeProcess().process, expected);
  assert.ok(early.fits({ ...expected, env: { ...expected.env } }));
  assert.equal(early.fits({ ...expected, args: ["."] }), false);
  assert.equal(early.fits({ ...expected, env: { PULUMI_CONFIG: '{"a:b":"c"}' } }), false);
});

test("one that ended before anybody asked fits nothing", () => {
  const fake = fakeProcess();
  const early = beginEarly(fake.process, expected);
  assert.ok(early.fits(expected));
  fake.die();
  assert.equal(early.fits(expected), false);
});

test("nobody asks for too long: it is ended and fits nothing any more", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const fake = fakeProcess();
    const early = beginEarly(fake.process, expected);
    mock.timers.tick(14_999);
    assert.equal(fake.stopped(), 0);
    mock.timers.tick(1);
    assert.equal(fake.stopped(), 1);
    assert.equal(early.fits(expected), false);
  } finally {
    mock.timers.reset();
  }
});
