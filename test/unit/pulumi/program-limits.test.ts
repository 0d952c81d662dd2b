import assert from "node:assert/strict";
import { test } from "node:test";
import { limitReached } from "../../../src/pulumi/program-limits.ts";

const LIMITS = { memory: 4e9, processes: 512 };

test("what Node, V8, the shell and our worker say of a limit names its setting", () => {
  for (const said of [
    "the program came to its limit of memory",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "RangeError: Array buffer allocation failed",
  ])
    assert.match(limitReached(said, LIMITS) ?? "", /4000 MB of memory .*programMemory/, said);
  for (const said of [
    "Error: spawn sleep EAGAIN",
    "sh: 1: Cannot fork",
    "the program came to its limit of processes",
  ])
    assert.match(limitReached(said, LIMITS) ?? "", /512 processes and threads .*programProcesses/, said);
  assert.equal(limitReached("Error: ENOENT: no such file", LIMITS), undefined);
});
