import assert from "node:assert/strict";
import { test } from "node:test";
import { rlimitsOf } from "../../../../src/process/isolation/limits.ts";

const LIMITS = { memory: 4e9, processes: 512 };

test("a box's limits are ours where ours are lower, because nobody can raise them", () => {
  const own = `Limit                     Soft Limit           Hard Limit           Units
Max file size             unlimited            unlimited            bytes
Max processes             100                  200                  processes
`;
  assert.deepEqual(rlimitsOf(LIMITS, "program", own), [
    "--core=0:0",
    "--fsize=1000000000:1000000000",
    "--nproc=200:200",
  ]);
  assert.deepEqual(rlimitsOf(LIMITS, "install", ""), [
    "--core=0:0",
    "--fsize=4000000000:4000000000",
    "--nproc=512:512",
  ]);
});
