/** The demo, as a new user runs it. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { HOLDFAST, until } from "../support/daemon-stage.ts";

interface DemoRun {
  readonly child: ChildProcess;
  /** Folder that it makes its own in. */
  readonly temp: string;
  output(): string;
  readonly ended: Promise<number | null>;
}

function startDemo(t: TestContext, ...args: readonly string[]): DemoRun {
  const temp = mkdtempSync(path.join(tmpdir(), "hf-demo-"));
  // Settings of another holdfast must not reach it.
  const env = {
    ...process.env,
    TMPDIR: temp,
    HOLDFAST_DATA: "/nonexistent",
    SOPS_AGE_KEY_FILE: "/nonexistent",
  };
  const child = spawn(HOLDFAST, ["demo", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>(resolve => child.once("close", resolve));
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(temp, { recursive: true });
  });
  return { child, temp, output: () => output, ended };
}

/** Processes that have the folder in their command line or environment. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc").filter(name => {
    try {
      const text = ["cmdline", "environ"]
        .map(file => readFileSync(`/proc/${name}/${file}`, "latin1"))
        .join("");
      return /^\d+$/.test(name) && text.includes(folder);
    } catch {
      return false; // gone while we looked, or no process
    }
  });
}

async function expectNothingLeft({ temp }: DemoRun): Promise<void> {
  assert.deepEqual(readdirSync(temp), []);
  await until("the demo's processes are gone", () => processesOf(temp).length === 0);
}

test("the demo verifies each step of its story on the hosts, and leaves nothing behind", async t => {
  const demo = startDemo(t);
  assert.equal(await demo.ended, 0, demo.output());
  assert.equal(demo.output().match(/^ {3}✓ /gm)?.length, 8);
  assert.match(demo.output(), /kill -9 of the daemon: \d+ of \d+ files are there/);
  assert.match(demo.output(), /All 8 steps were verified on the hosts themselves/);
  await expectNothingLeft(demo);
});

test("the demo ended by Ctrl-C in its middle leaves nothing behind", async t => {
  const demo = startDemo(t);
  await until("the first deploy is under way", () => demo.output().includes("it answers after"));
  demo.child.kill("SIGINT");
  assert.equal(await demo.ended, 130, demo.output());
  await expectNothingLeft(demo);
});

test("the demo cut off by a second Ctrl-C leaves no process and no folder", async t => {
  const demo = startDemo(t);
  await until("the first deploy is under way", () => demo.output().includes("it answers after"));
  demo.child.kill("SIGINT");
  await until("it cleans up", () => demo.output().includes("cleaning up") || demo.child.exitCode !== null);
  demo.child.kill("SIGINT");
  assert.equal(await demo.ended, 130, demo.output());
  await expectNothingLeft(demo);
});
