import assert from "node:assert/strict";
import { test } from "node:test";
import { historyOf, historySchema } from "../../../src/config/history-settings.ts";
import { DEFAULT_HISTORY } from "../../../src/engine/ports/history-limits.ts";

const read = (value: unknown) => historyOf(historySchema.parse(value));

test("what is not said keeps its default", () => {
  assert.deepEqual(read({}), DEFAULT_HISTORY);
  assert.deepEqual(read({ states: 5, age: "90d" }), {
    ...DEFAULT_HISTORY,
    states: 5,
    ageMs: 90 * 86_400_000,
  });
});

test("limits below which nothing could be looked back at are refused", () => {
  for (const wrong of [{ runs: 1 }, { states: 0 }, { age: "1h" }, { age: "soon" }, { kept: 3 }])
    assert.ok(!historySchema.safeParse(wrong).success, JSON.stringify(wrong));
});
