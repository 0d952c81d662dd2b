/** What a repository and the engine say to us, of any content: stack files and engine events. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diagnosticsOf } from "../../../src/pulumi/diagnostics.ts";
import { parseEvent } from "../../../src/pulumi/engine-event.ts";
import { observe } from "../../../src/pulumi/observe.ts";
import { parseStackFile } from "../../../src/pulumi/stack-file.ts";
import { bounded, fuzzing, objectWith, yamlText } from "../../support/fuzz.ts";
import { openRedactor } from "../../support/pulumi/stage.ts";

const STACK = [
  ...[
    "config",
    "a:b",
    "secure",
    "v1:AAAA:BBBB",
    "encryptionsalt",
    "secretsprovider",
    "environment",
    "import",
  ],
  ...["encryptedkey", "passphrase", "awskms://x", "a:b.c[0]"],
];

test("a stack file of any content is read, or refused with its name, in bounded time", () => {
  const text = fc.oneof(
    yamlText(STACK),
    objectWith(STACK).map(value => JSON.stringify(value) ?? ""),
  );
  fc.assert(
    fc.property(text, content => {
      const result = bounded(() => parseStackFile("Pulumi.dev.yaml", content));
      if (result.ok) {
        for (const { place } of result.value.entries) assert.equal(place.file, "Pulumi.dev.yaml");
        return;
      }
      assert.ok(result.failure.reason === "config-invalid");
      assert.ok(result.failure.problems.length > 0 && result.failure.problems.length <= 20);
      for (const { place } of result.failure.problems) assert.equal(place?.file, "Pulumi.dev.yaml");
    }),
    fuzzing(),
  );
});

const EVENT = [
  ...[
    "resourcePreEvent",
    "resOutputsEvent",
    "resOpFailedEvent",
    "diagnosticEvent",
    "summaryEvent",
    "policyEvent",
  ],
  ...["preludeEvent", "stdoutEvent", "cancelEvent", "errorEvent", "startDebuggingEvent", "progressEvent"],
];
const INSIDE = [
  ...[
    "metadata",
    "op",
    "urn",
    "old",
    "new",
    "diffs",
    "detailedDiff",
    "keys",
    "type",
    "inputs",
    "outputs",
    "provider",
  ],
  ...[
    "message",
    "severity",
    "error",
    "prefix",
    "color",
    "ephemeral",
    "resourceChanges",
    "create",
    "delete",
    "same",
  ],
  ...[
    "policyName",
    "resourceUrn",
    "urn:pulumi:s::p::t::n",
    "urn:pulumi:s::p::a$b::n",
    "[secret]",
    "kind",
    "inputDiff",
  ],
  ...["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270", "plaintext", "add-replace"],
];

test("engine events of any shape are read without an exception, and texts come out bounded", () => {
  const body = objectWith(INSIDE);
  const event = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constantFrom(...EVENT), body).map(([key, value]) => ({ [key]: value })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...EVENT), body)
        .map(([key, metadata]) => ({ [key]: { metadata } })),
    },
    { weight: 1, arbitrary: body },
  );
  const line = fc.oneof(
    { weight: 6, arbitrary: event.map(value => JSON.stringify(value) ?? "") },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
    { weight: 1, arbitrary: fc.nat(20_000).map(depth => `{"diagnosticEvent":${"[".repeat(depth)}`) },
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), lines => {
      const events = bounded(() => lines.flatMap(text => parseEvent(text) ?? []));
      bounded(() => observe(events, openRedactor));
      for (const { message } of bounded(() => diagnosticsOf(events, openRedactor)))
        assert.ok(message.length < 20_000);
    }),
    fuzzing(),
  );
});
