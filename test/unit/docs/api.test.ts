/** docs/api.md names every metric and every method of the API, and none that is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../src/report/metrics.ts";
import { methods } from "../../../src/server/methods.ts";
import { read, sections } from "./pages.ts";

const chapters = sections(read("docs/api.md"), 2);
const rowsOf = (title: string): string[] =>
  [...(chapters.get(title) ?? "").matchAll(/^\| `(\w+)/gm)].map(([, name = ""]) => name).sort();

test("every metric", async () => {
  const text = await createMetrics({ views: () => [] }).text();
  const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name).sort();
  assert.ok(names.length > 5);
  assert.deepEqual(rowsOf("Metrics"), names);
});

test("every method", () => {
  assert.deepEqual(rowsOf("Methods"), Object.keys(methods).sort());
});
