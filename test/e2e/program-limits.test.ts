/** What a program may take of the machine: one that takes more fails by name, and harms nobody. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

const isRoot = process.getuid?.() === 0;
/** Seconds that nobody else sleeps. */
const SLEEP = `86342.${process.pid}`;
const PROCESSES = 150;

const HUNGRY = {
  heap: `const all = []; for (;;) all.push(new Array(100_000).fill(0).map(at => ({ at })));`,
  // By a child of another thread.
  thread: `import { Worker } from "node:worker_threads";
const eat = "const all = []; setInterval(() => all.push(Buffer.alloc(20_000_000, 1)), 5);";
const code = \`require("node:child_process").spawn(process.execPath, ["-e", \${JSON.stringify(eat)}], { stdio: "ignore" })\`;
new Worker(code, { eval: true });`,
  buffers: `const all = []; for (;;) all.push(Buffer.alloc(20_000_000, 1));`,
  shell: `import { execFileSync } from "node:child_process";
execFileSync("sh", ["-c", "while :; do sleep ${SLEEP} > /dev/null 2>&1 & done"], { stdio: "pipe" });`,
};

const sleepers = (): number =>
  readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(SLEEP);
      } catch {
        return false; // ended meanwhile
      }
    }).length;

test(
  "a program that takes too much fails by the limit's name",
  { skip: !isRoot && "needs root" },
  async t => {
    const stage = await openStage(t, {
      isolation: { wish: "required", memory: 400e6, processes: PROCESSES },
      parallelism: 2,
      files: box => ({
        ...settings(),
        ...Object.fromEntries(
          Object.entries(HUNGRY).flatMap(([name, text]) => Object.entries(project(name, text))),
        ),
        ...project("modest", fileProgram(box, { a: "1" })),
      }),
    });
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, sleepers())), 50);
    t.after(() => clearInterval(watch));
    for (const [name, said] of [
      ["heap", /than the 400 MB of memory .*programMemory/],
      ["thread", /than the 400 MB of memory .*programMemory/],
      ["buffers", /than the 400 MB of memory .*programMemory/],
      ["shell", /than the 150 processes .*programProcesses/],
    ] as const) {
      const { failure } = await stage.plan(`${name}/dev`);
      assert.ok(failure?.reason === "program-failed", JSON.stringify(failure));
      assert.match(failure.message, said);
    }
    assert.ok(most <= PROCESSES, `${most} processes of one program`);
    assert.equal(sleepers(), 0, "nothing is left");
    assert.equal((await stage.sync("modest/dev")).outcome, "converged");
  },
);
