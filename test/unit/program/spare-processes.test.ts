/** With processes that do nothing. What a real one does when it is asked: program-process.test.ts. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ProcessEnd, ProgramProcess } from "../../../src/program/program-process.ts";
import { createSpareProcesses } from "../../../src/program/spare-processes.ts";

interface Fake extends ProgramProcess {
  readonly name: number;
  /** Questions for a rehearsal that wait for their answer. */
  readonly asked: ((more: boolean) => void)[];
  end(): void;
}

function fakeProcess(name: number): Fake {
  const ended = Promise.withResolvers<ProcessEnd>();
  const asked: ((more: boolean) => void)[] = [];
  let alive = true;
  const end = (): void => {
    alive = false;
    for (const answer of asked.splice(0)) answer(false);
    ended.resolve({ code: 0, signal: null });
  };
  return {
    name,
    asked,
    end,
    pid: name,
    sdk: "/sdk",
    ready: Promise.resolve(true),
    ended: ended.promise,
    rehearse: () => new Promise(resolve => void asked.push(resolve)),
    alive: () => alive,
    settle: () => undefined,
    lead: async addresses => addresses,
    run: () => ended.promise,
    output: () => "",
    stop: async () => end(),
  };
}

function pool(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const started: Fake[] = [];
  const spares = createSpareProcesses({
    count: 2,
    start: () => {
      const process = fakeProcess(started.length);
      started.push(process);
      return process;
    },
  });
  /** Names of those that rehearse. */
  const rehearsing = (): readonly number[] =>
    started.filter(one => one.asked.length > 0).map(one => one.name);
  const answer = async (name: number, more: boolean): Promise<void> => {
    started[name]?.asked.shift()?.(more);
    await turn();
  };
  return { spares, started, rehearsing, answer };
}

async function quiet(t: TestContext): Promise<void> {
  t.mock.timers.tick(1_000);
  await turn();
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test("while nothing runs they rehearse, one after the other, each until it has enough", async t => {
  const { spares, started, rehearsing, answer } = pool(t);
  spares.keep(["/sdk"]);
  await quiet(t);
  assert.deepEqual(rehearsing(), [0]);
  await answer(0, true);
  assert.deepEqual(rehearsing(), [0]);
  await answer(0, false);
  assert.deepEqual(rehearsing(), [1]);
  await answer(1, false);
  assert.deepEqual(rehearsing(), []);
  assert.equal(started.length, 2);
});

test("a run gets one that does not rehearse just now, and none begins beside it", async t => {
  const { spares, rehearsing, answer } = pool(t);
  spares.keep(["/sdk"]);
  await quiet(t);
  assert.equal(spares.next("/sdk").pid, 1);
  await answer(0, true);
  assert.deepEqual(rehearsing(), []);
  assert.equal(spares.next("/sdk").pid, 0);
});

test("after the run the others go on where they were, and its successor joins them", async t => {
  const { spares, started, rehearsing, answer } = pool(t);
  spares.keep(["/sdk"]);
  await quiet(t);
  spares.next("/sdk");
  await answer(0, true);
  started[1]?.end();
  await turn();
  t.mock.timers.tick(300);
  await turn();
  assert.equal(started.length, 3);
  assert.deepEqual(rehearsing(), []);
  await quiet(t);
  assert.deepEqual(rehearsing(), [0]);
  await answer(0, false);
  assert.deepEqual(rehearsing(), [2]);
});

test("one that ends meanwhile is passed over", async t => {
  const { spares, started, rehearsing } = pool(t);
  spares.keep(["/sdk"]);
  await quiet(t);
  started[0]?.end();
  await turn();
  assert.deepEqual(rehearsing(), [1]);
});
