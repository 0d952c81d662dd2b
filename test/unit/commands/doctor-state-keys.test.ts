import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeStateKeys } from "../../../src/commands/doctor-machine.ts";

const here = ["age1ann"];

test("keys that open are counted; those of an older holdfast are named", () => {
  assert.equal(judgeStateKeys({ keys: [["age1ann", "age1ben"]], here }).state, "ok");
  const old = judgeStateKeys({ keys: [["age1ann"], undefined], here });
  assert.equal(old.state, "ok");
  assert.match(old.found, /2, 1 changed over from state.key at the next start/);
});

test("keys that nothing here opens, and a key in the data folder itself, are warned of", () => {
  const lost = judgeStateKeys({ keys: [["age1ann"], ["age1eve"]], here });
  assert.equal(lost.state, "warning");
  assert.match(`${lost.found} ${lost.wayOut}`, /opens 1 of 2 .*age1eve/);
  const own = judgeStateKeys({ keys: [["age1ann"]], here, ownFile: "/data/age-key.txt" });
  assert.equal(own.state, "warning");
  assert.match(own.found, /age-key.txt/);
});
