import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { onLines } from "../../../src/process/lines.ts";

test("lines are heard; a child that is killed with unread words is no error of ours", async () => {
  const child = spawn("/bin/sh", ["-c", "echo one >&3; printf 'two\\n' >&3; exec sleep 60"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const pipe = child.stdio[3] as Duplex;
  const broken = new Promise<void>(resolve => pipe.once("close", () => resolve()));
  const heard: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  onLines(pipe, line => {
    heard.push(line);
    if (heard.length === 2) resolve();
  });
  await promise;
  // Never read: the kernel answers our next read with ECONNRESET.
  pipe.write("a word that nobody reads\n");
  child.kill("SIGKILL");
  await ended;
  await broken;
  assert.ok(pipe.errored instanceof Error);
  assert.deepEqual(heard, ["one", "two"]);
});
