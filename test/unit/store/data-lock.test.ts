import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { makeDataFolder } from "../../../src/store/data-folder.ts";
import { claimData, lockData } from "../../../src/store/data-lock.ts";
import { tempFolder } from "../../support/git.ts";

const LOCK = path.resolve(import.meta.dirname, "../../../src/store/data-lock.ts");

/** Another process that holds the lock until it is killed. */
async function holder(t: TestContext, folder: string): Promise<ReturnType<typeof spawn>> {
  const script = `const { lockData } = await import(${JSON.stringify(LOCK)});
    const lock = lockData(${JSON.stringify(folder)}, "holdfast serve");
    console.log("release" in lock);
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const said = await new Promise<string>(resolve =>
    child.stdout.once("data", chunk => resolve(String(chunk))),
  );
  assert.equal(said.trim(), "true");
  return child;
}

test("a folder that another process works on is refused with its name, until that process is dead", async t => {
  const folder = tempFolder(t);
  const other = await holder(t, folder);
  const refused = claimData(folder, "holdfast sync");
  assert.ok(!refused.ok && refused.failure.kind === "waiting" && refused.failure.reason === "stack-busy");
  assert.equal(
    refused.failure.by,
    `holdfast serve (process ${other.pid}) works on the data folder ${folder}`,
  );
  const ended = new Promise(resolve => other.once("exit", resolve));
  other.kill("SIGKILL");
  await ended;
  const mine = claimData(folder, "holdfast sync");
  assert.ok(mine.ok, "what a dead process left does not count");
  const note: unknown = JSON.parse(readFileSync(path.join(folder, "lock.json"), "utf8"));
  assert.deepEqual(note, { pid: process.pid, what: "holdfast sync" });
  mine.value.release();
});

test("a released folder can be taken again, whatever the note says", t => {
  const folder = tempFolder(t);
  for (const note of ["{", "", '{"pid":1,"what":"somebody"}']) {
    writeFileSync(path.join(folder, "lock.json"), note);
    const lock = lockData(folder, "holdfast sync");
    assert.ok("release" in lock);
    lock.release();
  }
});

test("a folder that this user may not write is refused in words", { skip: process.getuid?.() !== 0 }, t => {
  const folder = tempFolder(t);
  process.seteuid?.(65_534); // nobody
  try {
    // access(2) asks for the real user, who is root here; making a folder asks for the effective one.
    const made = makeDataFolder(path.join(folder, "below"));
    assert.ok(!made.ok && made.failure.reason === "config-invalid");
    assert.match(made.failure.problems[0]?.message ?? "", /cannot be used: this user may not write there/);
  } finally {
    process.seteuid?.(0);
  }
});
