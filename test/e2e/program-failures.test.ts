/** Programs that go wrong: the CLI says what and where, nothing hangs, and nothing is taken for success. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { createProgramBench, type ProgramBench } from "../support/program/program-bench.ts";

let bench: ProgramBench;
before(async () => (bench = await createProgramBench()));
after(() => bench.close());

interface Case {
  readonly name: string;
  readonly title: string;
  /** All must be in what the CLI says. */
  readonly says: readonly RegExp[];
  readonly output?: RegExp;
}

const cases: readonly Case[] = [
  {
    name: "throws",
    title: "a program that throws is reported with the lines of its TypeScript",
    says: [/Error: no value was given/, /throws\/check\.ts:5:11/, /throws\/index\.ts:7:\d+/],
  },
  {
    name: "rejects",
    title: "a rejected promise that nobody waits for fails the run",
    says: [/Error: nobody waits for this/, /rejects\/index\.ts:4:\d+/],
  },
  {
    name: "syntax-error",
    title: "a syntax error is reported with its place",
    says: [/syntax-error\/index\.ts:2:18: ERROR: Unexpected ";"/],
  },
  {
    name: "missing-dependency",
    title: "a package that is not there is named",
    says: [/Cannot find module 'no-such-package-here'/],
  },
  {
    name: "exits-early",
    title: "process.exit(0) in the middle is no success",
    says: [/called process\.exit\(0\) before it had come to its end/],
  },
  {
    name: "exits-with-code",
    title: "process.exit(3) fails the run, and what the program wrote is shown",
    says: [/non-zero exit code: 3/, /giving up/],
    output: /^giving up\n$/,
  },
  {
    name: "leaks",
    title: "a resource that waits for ever for a promise is no success",
    says: [/promises that resources or outputs wait for had not settled/],
  },
];

for (const each of cases) {
  test(each.title, async () => {
    const ran = await bench.upWithWorker({ name: each.name });
    const said = stripVTControlCharacters(ran.text);
    assert.notEqual(ran.result.code, 0, said);
    for (const pattern of each.says) assert.match(said, pattern);
    if (each.output) assert.match(ran.output, each.output);
  });
}

test("PULUMI_DEBUG_PROMISE_LEAKS shows where a promise that never settled was made", async () => {
  const ran = await bench.upWithWorker({ name: "leaks" }, { PULUMI_DEBUG_PROMISE_LEAKS: "1" });
  assert.notEqual(ran.result.code, 0);
  assert.match(ran.output, /Promise leak detected:/);
  assert.match(ran.output, /STACK_TRACE:\n.*debuggablePromise/s);
});

test("a main that is not there is named by the CLI", async () => {
  const ran = await bench.upWithWorker({ name: "wrong-main", main: "nowhere.ts" });
  assert.notEqual(ran.result.code, 0);
  assert.match(ran.text, /wrong-main\/nowhere\.ts: no such file/);
});

test("100 MB of output are capped on the way to the CLI and in memory", async () => {
  const ran = await bench.upWithWorker({ name: "prints" });
  assert.equal(ran.result.code, 0, ran.text.slice(-2000));
  assert.match(ran.output, /bytes left out/);
  assert.match(ran.output, /the end\n$/);
  assert.ok(ran.output.length < 300 * 1024);
  assert.match(ran.text, /stdout is longer than 256 KiB/);
  assert.ok(ran.text.length < 2 * 1024 * 1024, `the CLI wrote ${ran.text.length} bytes`);
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("a program that never ends is ended by stop(), with its whole group", { timeout: 60_000 }, async () => {
  const program = await bench.prepare({ name: "endless" }, "worker");
  bench.initStack("endless", "worker");
  const worker = await bench.pool.take(program, {});
  assert.ok(worker.ok);
  const { port, pid } = worker.value;
  const running = bench.cli(program, ["preview"], { PULUMI_DEBUG_LANGUAGES: `nodejs:${port}` });
  while (!worker.value.output().includes("started")) await delay(20);
  assert.ok(isAlive(pid));
  await Promise.all([worker.value.stop(), worker.value.stop()]);
  assert.equal(isAlive(pid), false);
  assert.notEqual((await running).code, 0);
});

test("a program whose CLI is killed does not go on", { timeout: 60_000 }, async () => {
  const program = await bench.prepare({ name: "endless" }, "worker");
  bench.initStack("endless", "worker");
  const worker = await bench.pool.take(program, {});
  assert.ok(worker.ok);
  const cancel = new AbortController();
  const attached = { PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}` };
  const running = bench.cli(program, ["preview"], attached, cancel.signal);
  while (!worker.value.output().includes("started")) await delay(20);
  cancel.abort();
  await running;
  while (isAlive(worker.value.pid)) await delay(20);
  await worker.value.stop();
});
