import assert from "node:assert/strict";
import { test } from "node:test";
import { median, type Figure } from "../../../bench/figure.ts";
import { jsonTable, textTable } from "../../../bench/table.ts";

const figures: readonly Figure[] = [
  { what: "fast", unit: "s", holdfast: 0.5, plain: 4, budget: { under: 1, times: 6 } },
  { what: "not fast enough", unit: "s", holdfast: 0.5, plain: 2, budget: { under: 1, times: 6 } },
  { what: "too much", unit: "MB", holdfast: 300, budget: { under: 300 } },
  { what: "alone", unit: "s", holdfast: 1, plain: "not run (--slow)" },
];

test("the table has ratios where both sides were measured, and says which budgets were missed", () => {
  const cells = textTable(figures)
    .split("\n")
    .map(line => line.trim().split(/ {2,}/));
  assert.deepEqual(cells, [
    ["holdfast", "the other way", "ratio", "budget"],
    ["fast", "0.50 s", "4.00 s", "8.0x", "under 1 s, 6 times"],
    ["not fast enough", "0.50 s", "2.00 s", "4.0x", "under 1 s, 6 times: MISSED"],
    ["too much", "300 MB", "under 300 MB: MISSED"],
    ["alone", "1.00 s", "not run (--slow)"],
  ]);
});

test("as JSON a budget is missed or not", () => {
  const { figures: rows } = JSON.parse(jsonTable({ cores: 2 }, figures)) as {
    figures: { missed?: boolean }[];
  };
  assert.deepEqual(
    rows.map(({ missed }) => missed),
    [false, true, true, undefined],
  );
});

test("the median of an even number is between the middle two; of nothing there is none", () => {
  assert.equal(median([3, 1, 2, 4]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
  assert.ok(Number.isNaN(median([])));
});
