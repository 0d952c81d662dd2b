/** What speaks against an adoption: the provider finds nothing, or cannot read it; other troubles say nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { notThere } from "../../../src/engine/adopted.ts";
import { fail, ok } from "../../../src/engine/failure.ts";
import { change } from "../../support/engine-samples.ts";

const gone = change("a", "delete");
const adopted = [
  { urn: gone.urn, id: "i-1" },
  { urn: change("b", "update").urn, id: "i-2" },
];

test("what a look finds gone was not there, also where that drift is ignored; what differs is there", () => {
  const seen = { counted: [gone, change("b", "update")], ignored: [] };
  assert.deepEqual(
    notThere(adopted, ok(seen)).map(({ urn, why }) => [urn, why]),
    [[gone.urn, "its provider finds nothing with the id i-1"]],
  );
  const rule = { owner: "anna", why: "hers" };
  assert.equal(notThere(adopted, ok({ counted: [], ignored: [{ change: gone, rule }] })).length, 1);
  assert.deepEqual(notThere(adopted, ok({ counted: [change("c", "delete")], ignored: [] })), []);
});

test("a read that fails speaks against its own resource alone", () => {
  const errors = [{ urn: gone.urn, message: "malformed id" }, { message: "no credentials" }];
  const failed = fail({ kind: "transient", reason: "check-failed", errors });
  assert.deepEqual(
    notThere(adopted, failed).map(({ urn }) => urn),
    [gone.urn],
  );
  const other = fail({ kind: "transient", reason: "cli-failed", exitCode: 255, message: "x" });
  assert.deepEqual(notThere(adopted, other), []);
});
