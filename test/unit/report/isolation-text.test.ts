import assert from "node:assert/strict";
import { test } from "node:test";
import { noteIsolation, programIsolation } from "../../../src/engine/program-isolation.ts";
import { isolationText } from "../../../src/report/isolation-text.ts";

const STACKS = [
  { name: "web/prod", runtime: "nodejs" },
  { name: "snake/prod", runtime: "python" },
  { name: "ants/prod", runtime: "go" },
];

function notes() {
  const kept = new Map<string, string>();
  return {
    setting: async (key: string) => kept.get(key),
    setSetting: async (key: string, value: string) => void kept.set(key, value),
  };
}

test("who ran programs last says how, and what has no box is named", async () => {
  const records = notes();
  assert.equal(await programIsolation(records, STACKS), undefined);
  await noteIsolation(records, "user");
  const found = await programIsolation(records, STACKS);
  assert.deepEqual(found, { hold: "user", unboxed: ["ants/prod", "snake/prod"] });
  await noteIsolation(records, "none");
  assert.equal((await programIsolation(records, STACKS))?.unboxed.length, 3);
});

test("status is silent where all programs have boxes", () => {
  assert.deepEqual(isolationText(undefined), []);
  assert.deepEqual(isolationText({ hold: "user", unboxed: [] }), []);
  assert.match(isolationText({ hold: "none", unboxed: ["a/b"] }).join(), /not isolated .* holdfast doctor/);
  assert.match(
    isolationText({ hold: "namespace", unboxed: ["a/b", "c/d"] }).join(),
    /not in nodejs:\n {2}a\/b, c\/d$/,
  );
});
