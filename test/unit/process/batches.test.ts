import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";

const MODULE = new URL("../../../src/process/batches.ts", import.meta.url).href;

/** What the policy of a process's child is, when it has asked. */
function policyOfChild(environment: Readonly<Record<string, string>>): string {
  const script = `import { workInBatches } from ${JSON.stringify(MODULE)};
import { execFileSync } from "node:child_process";
workInBatches();
process.stdout.write(execFileSync("/usr/bin/chrt", ["--pid", "0"]));`;
  const child = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    env: environment,
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}

test("what a process starts works in batches, as it does", () => {
  assert.match(policyOfChild({ PATH: process.env["PATH"] ?? "" }), /SCHED_BATCH/);
});

test("where there is no chrt, all stays as it was", () => {
  const [policy] = /SCHED_\w+/.exec(execFileSync("chrt", ["--pid", "0"], { encoding: "utf8" })) ?? [];
  assert.ok(policy);
  assert.match(policyOfChild({ PATH: "/nonexistent" }), new RegExp(policy));
});
