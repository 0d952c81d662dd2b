/** What may become a stack's state, and what another manager's secrets need. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { passphraseSalt, sealedFor, withSecretsOpen } from "../../../src/backend/deployment/hand-over.ts";
import { formRefusal, strangersIn } from "../../../src/backend/import-checks.ts";

const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const resource = (stack: string, name: string, inputs: object = {}) => ({
  urn: `urn:pulumi:${stack}::web::test:index:Thing::${name}`,
  type: "test:index:Thing",
  custom: true,
  inputs: { ...inputs },
});
const secret = (more: object) => ({ [SIGNATURE]: SECRET, ...more });

test("schema versions and features that nobody here knows are refused by name", () => {
  const why = (value: unknown): string => {
    const refusal = formRefusal(value);
    return `${refusal?.why ?? "taken"} ${refusal?.hint ?? ""}`;
  };
  assert.match(why({}), /no deployment/);
  assert.match(why([1]), /no deployment/);
  assert.match(
    why({ version: 5, deployment: {} }),
    /schema version 5; holdfast reads 3 and 4.*update holdfast/,
  );
  assert.match(why({ version: 1, deployment: {} }), /schema version 1; .*export it again/);
  assert.match(why({ version: 4, features: ["views", "time-travel", { a: 1 }] }), /time-travel, \{"a":1\}\./);
  assert.match(why({ version: 4, features: "odd" }), /does not know: odd/);
  for (const features of [
    undefined,
    null,
    [],
    ["hooks", "views", "byteString", "taint", "refreshBeforeUpdate"],
  ])
    assert.match(why({ version: 4, features, deployment: {} }), /^taken/);
});

test("resources of other stacks are found, also those that are only pending", () => {
  const resources = [resource("prod", "a"), resource("prod", "b")];
  assert.deepEqual(strangersIn({ manifest, resources }, "web/prod"), []);
  assert.deepEqual(strangersIn({ manifest, resources }, "web/test"), ["web/prod"]);
  const pending_operations = [{ type: "creating", resource: resource("old", "c") }];
  assert.deepEqual(strangersIn({ manifest, resources, pending_operations }, "web/prod"), ["web/old"]);
});

test("secrets go from one manager to another, also those inside another's value", () => {
  const inner = JSON.stringify({ deep: secret({ ciphertext: "deep" }) });
  const open = (ciphertext: string): string | undefined =>
    ciphertext === "outer" ? inner : ciphertext === "deep" ? '"hush"' : undefined;
  const closed = {
    version: 3,
    deployment: {
      manifest,
      secrets_providers: { type: "passphrase", state: { salt: "v1:salt" } },
      resources: [resource("prod", "a", { word: secret({ ciphertext: "outer" }) })],
    },
  };
  assert.equal(passphraseSalt(closed), "v1:salt");
  const opened = withSecretsOpen(closed, open);
  assert.equal(passphraseSalt(opened), undefined, "nothing is closed any more");
  assert.match(JSON.stringify(opened), /plaintext.*hush/);
  assert.doesNotMatch(JSON.stringify(opened), /ciphertext/);
  const manager = { type: "passphrase", state: { salt: "v1:other" } };
  const sealed = JSON.stringify(sealedFor(opened, manager, text => `sealed(${text.length})`));
  assert.doesNotMatch(sealed, /hush|plaintext/);
  assert.match(sealed, /v1:other.*sealed\(\d+\)|sealed\(\d+\).*v1:other/);
  const stuck = withSecretsOpen(closed, () => undefined);
  assert.equal(
    sealedFor(stuck, manager, text => text),
    undefined,
    "a closed secret goes nowhere",
  );
  assert.equal(
    sealedFor({ version: 3 }, manager, text => text),
    undefined,
  );
});
