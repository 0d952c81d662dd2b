import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Foreseen, PreparedProgram } from "../../src/engine/ports/program.ts";
import { createProgramBench, type ProgramBench } from "../support/program/program-bench.ts";

let bench: ProgramBench;
before(async () => {
  bench = await createProgramBench();
});
after(() => bench.close());

const plan: Foreseen = { stack: "greets/dev", configHash: "a", dryRun: true };

async function prepared(greeting: string): Promise<PreparedProgram> {
  const program = await bench.prepare({ name: "greets" }, "worker");
  bench.initStack("greets", "worker");
  greet(program, greeting);
  return program;
}

const greet = ({ folder }: PreparedProgram, greeting: string): void =>
  writeFileSync(path.join(folder, "Pulumi.dev.yaml"), `config: { greets:greeting: ${greeting} }\n`);

const times = (text: string, what: string): number => text.split(what).length - 1;

/** What it wrote, and whether the process that was taken is the one that ran it. */
async function preview(program: PreparedProgram, soon: Foreseen) {
  const worker = await bench.pool.take(program, {}, [soon]);
  assert.ok(worker.ok);
  const { port, pid } = worker.value;
  const ran = await bench.cli(program, ["preview"], { PULUMI_DEBUG_LANGUAGES: `nodejs:${port}` });
  const result = { output: worker.value.output(), same: worker.value.pid === pid };
  await worker.value.stop();
  assert.equal(ran.code, 0, ran.stdout.toString());
  return result;
}

test(
  "a program that was begun ahead runs once, in the process that waited",
  { timeout: 120_000 },
  async () => {
    const program = await prepared("good-day");
    for (let round = 0; round < 3; round++) {
      const { output, same } = await preview(program, plan);
      assert.ok(same);
      assert.equal(times(output, "greeting: good-day"), 1, output);
    }
  },
);

test(
  "asked in other words than expected it begins anew, and only that counts",
  { timeout: 120_000 },
  async () => {
    const program = await prepared("good-day");
    await preview(program, plan);
    greet(program, "good-night");
    const { output, same } = await preview(program, plan);
    // Without boxes nothing is begun ahead.
    assert.equal(same, !bench.boxed);
    assert.equal(times(output, "greeting: good-night"), 1, output);
    assert.equal(times(output, "good-day"), 0, output);
  },
);

test("a program that was begun ahead and is not asked for runs no line of its own", async () => {
  const program = await prepared("good-day");
  await preview(program, plan);
  const worker = await bench.pool.take(program, {}, [plan]);
  assert.ok(worker.ok);
  // Others are brought up meanwhile, from start to end.
  await preview(program, { ...plan, configHash: "b" });
  assert.equal(worker.value.output(), "");
  await worker.value.stop();
});

test("an up with a preview of its own runs the program once for each", { timeout: 120_000 }, async () => {
  const program = await prepared("good-evening");
  const both = [plan, { ...plan, dryRun: false }];
  for (let round = 0; round < 2; round++) {
    const worker = await bench.pool.take(program, {}, both);
    assert.ok(worker.ok);
    const { port, pid } = worker.value;
    const ran = await bench.cli(program, ["up", "--yes"], { PULUMI_DEBUG_LANGUAGES: `nodejs:${port}` });
    assert.equal(ran.code, 0, ran.stdout.toString());
    const output = worker.value.output();
    assert.notEqual(worker.value.pid, pid);
    await worker.value.stop();
    assert.equal(times(output, "greeting: good-evening"), 2, output);
  }
});
