import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setupFolder } from "./setup-modules.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-lock-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const lock = path.join(scratch, "folder", "setup.lock");
const program = path.join(scratch, "holder.mjs");
writeFileSync(
  program,
  `import { appendFileSync } from "node:fs";
import { withLock } from ${JSON.stringify(path.join(setupFolder, "lock.mjs"))};
const [name, log, hold] = process.argv.slice(2);
await withLock(${JSON.stringify(lock)}, () => console.log("waiting"), async () => {
  appendFileSync(log, name + " in\\n");
  console.log("in");
  if (hold) await new Promise(resolve => process.stdin.once("data", resolve));
  appendFileSync(log, name + " out\\n");
});
process.stdin.destroy();
`,
);

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });

async function says(child: ChildProcess, word: string): Promise<void> {
  assert.ok(child.stdout);
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(chunk.toString().trim(), word);
}

test("a second set-up waits until the first one is done", async () => {
  const log = path.join(scratch, "waits.log");
  const first = start("first", log, "hold");
  await says(first, "in");
  const second = start("second", log);
  await says(second, "waiting");
  first.stdin?.write("go on\n");
  await once(second, "exit");
  assert.equal(readFileSync(log, "utf8"), "first in\nfirst out\nsecond in\nsecond out\n");
});

test("a set-up that was killed holds nobody up", async () => {
  const log = path.join(scratch, "killed.log");
  const first = start("first", log, "hold");
  await says(first, "in");
  first.kill("SIGKILL");
  await once(first, "exit");
  const second = start("second", log);
  await says(second, "in");
  await once(second, "exit");
  assert.equal(readFileSync(log, "utf8"), "first in\nsecond in\nsecond out\n");
});
