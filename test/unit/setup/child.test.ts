import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { load, setupFolder } from "./setup-modules.ts";

const { runForeground, runTool } = await load("child.mjs");

test("the exit code of what was started is kept", async () => {
  assert.deepEqual(await runForeground("/bin/sh", ["-c", "exit 7"]), { code: 7, signal: null, told: null });
  assert.deepEqual(await runForeground("/bin/sh", ["-c", "kill -9 $$"]), {
    code: 137,
    signal: "SIGKILL",
    told: null,
  });
});

test("a tool's output is kept for the message, and a tool that is not there says so", async () => {
  assert.deepEqual(await runTool("/bin/sh", ["-c", "echo out; echo err >&2; exit 2"]), {
    code: 2,
    output: "out\nerr\n",
  });
  const { code, output } = await runTool("/nowhere/tool", []);
  assert.equal(code, 127);
  assert.match(output, /ENOENT/);
});

test("SIGTERM reaches the program that took over, and its own end becomes ours", async () => {
  const child =
    "process.on('SIGTERM', () => process.exit(42)); console.log('ready'); setInterval(() => {}, 1000);";
  const program = `
    import { handOver } from ${JSON.stringify(path.join(setupFolder, "child.mjs"))};
    delete process.execve;
    await handOver(process.execPath, ["--eval", ${JSON.stringify(child)}], process.env);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(parent.stdout, "data");
  parent.kill("SIGTERM");
  assert.deepEqual(await once(parent, "exit"), [42, null]);
});
