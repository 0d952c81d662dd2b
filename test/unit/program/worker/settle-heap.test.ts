import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

const SETTLE_HEAP = path.resolve(import.meta.dirname, "../../../../src/program/worker/settle-heap.ts");

/** Holds 40 MB when it settles, then takes 100 more; prints how often the whole heap was collected meanwhile. */
const PROGRAM = `
import { PerformanceObserver, constants } from "node:perf_hooks";
import { settleHeap } from ${JSON.stringify(SETTLE_HEAP)};
const held = [];
const take = megabytes => {
  for (let at = 0; at < megabytes * 1_000; at++) held.push(new Array(125).fill(at));
};
const turn = () => new Promise(resolve => setImmediate(resolve));
take(40);
settleHeap();
await turn();
let majors = 0;
new PerformanceObserver(list => {
  for (const { detail } of list.getEntries())
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) majors++;
}).observe({ entryTypes: ["gc"] });
for (let part = 0; part < 100; part++) {
  take(1);
  await turn();
}
console.log(majors);
`;

/** V8 on its own is as thrifty as this where little is made for a while, as in a process that waits. */
const THRIFTY = "--heap-growing-percent=10";

test("a heap that was settled is not collected again before it has grown far", () => {
  const args = ["--input-type=module", "--max-semi-space-size=4", THRIFTY, "--eval", PROGRAM];
  assert.equal(execFileSync(process.execPath, args, { encoding: "utf8" }).trim(), "0");
});
