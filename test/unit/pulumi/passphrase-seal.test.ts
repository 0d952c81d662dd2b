/** Values closed with a passphrase are opened by the reader of Pulumi's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPassphraseKey } from "../../../src/pulumi/passphrase-seal.ts";
import { passphraseKeys } from "../../../src/pulumi/passphrase.ts";

test("closed with a passphrase, opened with the same one and no other", async () => {
  const key = await newPassphraseKey("correct horse");
  const open = passphraseKeys();
  const right = await open("correct horse", key.salt);
  assert.ok(right.ok);
  const closed = key.seal('"hush ✓"');
  assert.equal(right.open(closed), '"hush ✓"');
  assert.notEqual(key.seal('"hush ✓"'), closed, "the same nonce twice");
  assert.deepEqual(await open("wrong horse", key.salt), { ok: false, why: "the passphrase is wrong" });
});
