/** Many tells become few, and the last one is never lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPace, GAP_MS } from "../../../../src/providers/watch/pace.ts";

test("the first tell goes on at once, those after it together, and the last is not lost", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_000;
  const passed: number[] = [];
  const pace = createPace(
    () => passed.push(now - 1_000),
    () => now,
  );
  const wait = (ms: number): void => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  pace.heard();
  for (let n = 0; n < 4; n++) {
    wait(100);
    pace.heard();
  }
  assert.deepEqual(passed, [0]);
  wait(100);
  assert.deepEqual(passed, [0, GAP_MS]);
  wait(10 * GAP_MS);
  assert.deepEqual(passed, [0, GAP_MS], "nothing more was heard");
  pace.heard();
  assert.equal(passed.length, 3, "after a rest it is a first one again");
  pace.heard();
  pace.stop();
  wait(GAP_MS);
  assert.equal(passed.length, 3);
});
