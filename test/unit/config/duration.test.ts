import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDuration, writeDuration } from "../../../src/config/duration.ts";

test("durations are read with their units", () => {
  const read = ["30s", "10m", "1h30m", "500ms", "7d", "0s"].map(parseDuration);
  assert.deepEqual(read, [30_000, 600_000, 5_400_000, 500, 604_800_000, 0]);
});

test("what is no duration is refused", () => {
  for (const text of ["", "10", "s", "1.5h", "30 s", "30m1h", "1h1h", "-1s", "1w", "1234567s"])
    assert.equal(parseDuration(text), undefined, text);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.nat(), ms => {
      assert.equal(parseDuration(writeDuration(ms)), ms);
    }),
  );
});
