import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../../../src/process/run.ts";
import { endGroup, endSession, processStartTime, sessionMembers } from "../../../src/process/session.ts";

const env = { PATH: process.env["PATH"] ?? "" };

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

/** A leader whose child has made a process group of its own, as the Pulumi CLI's plugins do. */
async function leader() {
  const child = spawn("bash", ["-mc", "sleep 600 & echo ready; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env,
  });
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, ended: once(child, "exit") };
}

test("a process has a start time as long as it lives", async () => {
  assert.match(processStartTime(process.pid) ?? "", /^\d+$/);
  const { pid, ended } = await leader();
  assert.ok(processStartTime(pid));
  endSession(pid, "SIGKILL");
  await ended;
  await until(() => processStartTime(pid) === undefined);
});

test("ending a session reaches children in process groups of their own, also after the leader's death", async () => {
  const { pid, ended } = await leader();
  assert.ok(sessionMembers(pid).length >= 2);
  process.kill(pid, "SIGKILL");
  await ended;
  assert.equal(sessionMembers(pid).length, 1);
  endSession(pid, "SIGKILL");
  await until(() => sessionMembers(pid).length === 0);
});

test("a process group is ended only if it is the one that was recorded", async () => {
  const { pid, ended } = await leader();
  const startTime = processStartTime(pid) ?? "";
  assert.equal(endGroup(pid, `${startTime}0`), false);
  assert.ok(processStartTime(pid));
  assert.equal(endGroup(pid, startTime), true);
  await ended;
  await until(() => sessionMembers(pid).length === 0);
  assert.equal(endGroup(pid, startTime), false);
});

const ladder = [
  { signal: "SIGINT", afterMs: 0, to: "leader" },
  { signal: "SIGTERM", afterMs: 30, to: "leader" },
  { signal: "SIGKILL", afterMs: 30, to: "session" },
] as const;

const stopWith = async (script: string): Promise<Awaited<ReturnType<typeof run>>> => {
  const stop = new AbortController();
  return run(process.execPath, ["-e", `${script}; setInterval(() => {}, 1000); console.log("ready")`], {
    env,
    deadlineMs: 60_000,
    ladder,
    signal: stop.signal,
    onOutput: () => stop.abort(),
  });
};

test("a process that ends at the first, gentle signal is not asked again", async () => {
  const result = await stopWith(`process.on("SIGINT", () => process.exit(8))`);
  assert.deepEqual([result.code, result.signal, result.aborted], [8, null, true]);
});

test("a process that does not is asked again", async () => {
  const result = await stopWith(
    `process.on("SIGINT", () => {}); process.on("SIGTERM", () => process.exit(9))`,
  );
  assert.equal(result.code, 9);
});

test("a process that hears nothing is killed", async () => {
  const result = await stopWith(`process.on("SIGINT", () => {}); process.on("SIGTERM", () => {})`);
  assert.equal(result.signal, "SIGKILL");
});
