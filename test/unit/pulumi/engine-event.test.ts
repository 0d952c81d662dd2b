import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseEvent } from "../../../src/pulumi/engine-event.ts";
import { plainText, diagnosticsOf } from "../../../src/pulumi/diagnostics.ts";
import { observe } from "../../../src/pulumi/observe.ts";
import { openRedactor } from "../../support/pulumi/stage.ts";

test("what is no event is no event", () => {
  for (const text of ["", "{", "null", "[]", "3", `{"resourcePreEvent":"x"}`, `{"other":{}}`])
    assert.equal(parseEvent(text), undefined, text);
});

test("an event of any shape is read without harm", () => {
  const name = fc.constantFrom(
    "resourcePreEvent",
    "resOutputsEvent",
    "diagnosticEvent",
    "summaryEvent",
    "policyEvent",
  );
  const step = fc.record({
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("op", "urn", "old", "new", "diffs", "detailedDiff", "keys"),
        fc.jsonValue(),
      ),
    ),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.oneof(fc.jsonValue(), step))), bodies => {
      const events = bodies.flatMap(([key, body]) => parseEvent(JSON.stringify({ [key]: body })) ?? []);
      observe(events, openRedactor);
    }),
  );
});

test("colours of terminals and of Pulumi go, secrets go, and a text that never ends is cut", () => {
  const redact = (text: string): string => text.replaceAll("hush", "[secret]");
  assert.equal(
    plainText("\u001b[31m<{%fg 1%}>error<{%reset%}>\u001b[0m: hush\n", { redact }),
    "error: [secret]",
  );
  assert.ok(plainText("x".repeat(100_000), { redact }).length < 10_000);
});

test("a diagnostic that comes twice is told once, and fleeting ones are not told", () => {
  const one = { severity: "warning", message: "slow" };
  const events = [one, one, { ...one, ephemeral: true, message: "gone" }].flatMap(
    body => parseEvent(JSON.stringify({ diagnosticEvent: body })) ?? [],
  );
  assert.deepEqual(diagnosticsOf(events, openRedactor), [{ severity: "warning", message: "slow" }]);
});

test("a mandatory policy is an error that names policy and pack", () => {
  const body = {
    resourceUrn: "urn:pulumi:s::p::t::motd",
    message: "too open",
    policyName: "modes",
    policyPackName: "house",
    enforcementLevel: "mandatory",
  };
  const event = parseEvent(JSON.stringify({ policyEvent: body }));
  assert.ok(event);
  assert.deepEqual(diagnosticsOf([event], openRedactor), [
    { severity: "error", urn: "urn:pulumi:s::p::t::motd", message: "policy modes (house): too open" },
  ]);
});
