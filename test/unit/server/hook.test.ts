import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { verifyHook } from "../../../src/server/hook.ts";

const secret = "It's a Secret to Everybody";
const body = Buffer.from("Hello, World!");
// The example of GitHub's own documentation for these two values.
const published = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const hmac = (text: Buffer, key = secret): string => createHmac("sha256", key).update(text).digest("hex");

test("a hook signed as GitHub signs it is accepted, by GitHub's published example", () => {
  const headers = { "x-hub-signature-256": `sha256=${published}` };
  assert.deepEqual(verifyHook({ headers, body, secret }), { accepted: true });
});

test("a hook signed as Gitea and Forgejo sign it is accepted", () => {
  for (const name of ["x-gitea-signature", "x-forgejo-signature"])
    assert.deepEqual(verifyHook({ headers: { [name]: published }, body, secret }), { accepted: true });
});

test("a body of arbitrary bytes is signed as it came", () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]);
  const headers = { "x-gitea-signature": hmac(bytes).toUpperCase() };
  assert.deepEqual(verifyHook({ headers, body: bytes, secret }), { accepted: true });
});

const bad: Record<string, Record<string, string | string[]>> = {
  "no signature": {},
  "an empty one": { "x-hub-signature-256": "" },
  "hex without the sha256= prefix under GitHub's name": { "x-hub-signature-256": published },
  "a prefix under Gitea's name": { "x-gitea-signature": `sha256=${published}` },
  "a short one": { "x-gitea-signature": published.slice(0, 62) },
  "a long one": { "x-gitea-signature": `${published}00` },
  "one that is no hex": { "x-gitea-signature": "z".repeat(64) },
  "the old SHA-1 header alone": { "x-hub-signature": "sha1=01234567" },
  "another secret's": { "x-gitea-signature": hmac(body, "other") },
  "another body's": { "x-gitea-signature": hmac(Buffer.from("Hello, World")) },
  "a list": { "x-forgejo-signature": [published, published] },
  "one right and one wrong": {
    "x-hub-signature-256": `sha256=${published}`,
    "x-gitea-signature": "0".repeat(64),
  },
};
for (const [name, headers] of Object.entries(bad))
  test(`a hook with ${name} is refused`, () => {
    const verdict = verifyHook({ headers, body, secret });
    assert.equal(verdict.accepted, false);
    assert.ok(!JSON.stringify(verdict).includes(secret));
  });

test("without a secret nothing is accepted, not even what is signed with the empty one", () => {
  const headers = { "x-gitea-signature": hmac(body, "") };
  assert.equal(verifyHook({ headers, body, secret: "" }).accepted, false);
});
