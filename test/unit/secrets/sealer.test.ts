/** What is sealed for recipients opens with the key of any of them, and with no other. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { ReadableStream } from "node:stream/web";
import { test } from "node:test";
import type { Result } from "../../../src/engine/failure.ts";
import { createSealer } from "../../../src/secrets/sealer.ts";
import { identitiesFrom, temporaryFolder, testKey } from "../../support/secrets.ts";

const sealerWith = (file: string) => createSealer(identitiesFrom({ SOPS_AGE_KEY_FILE: file }));
/** Bytes in pieces, as a file comes. */
const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> => ReadableStream.from(piecesOf(bytes));

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield new Uint8Array(bytes.subarray(at, at + 50_000));
}

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(JSON.stringify(result.failure));
  return result.value;
}

test("any recipient's key opens it; others' and damage do not", async t => {
  const folder = temporaryFolder(t);
  const [ann, ben, eve] = [
    await testKey(folder, "ann"),
    await testKey(folder, "ben"),
    await testKey(folder, "eve"),
  ];
  const secret = randomBytes(32);
  const sealed = valueOf(await sealerWith(ann.file).seal([ann.recipient, ben.recipient], secret));
  for (const { file } of [ann, ben])
    assert.deepEqual(Buffer.from((await sealerWith(file).open(sealed)) ?? []), secret);
  assert.equal(await sealerWith(eve.file).open(sealed), undefined);
  for (const at of [0, 60, sealed.length - 1]) {
    const damaged = new Uint8Array(sealed);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    assert.equal(await sealerWith(ann.file).open(damaged), undefined, `byte ${at}`);
  }
});

test("a key that is put there later opens it", async t => {
  const folder = temporaryFolder(t);
  const [late, first] = [await testKey(folder, "late"), await testKey(folder, "first")];
  const sealed = valueOf(await sealerWith(late.file).seal([late.recipient], Buffer.from("x")));
  const file = path.join(folder, "keys.txt");
  writeFileSync(file, first.secret);
  const sealer = sealerWith(file);
  assert.equal(await sealer.open(sealed), undefined);
  writeFileSync(file, `${first.secret}\n${late.secret}\n`);
  assert.deepEqual((await sealer.own()).recipients, [first.recipient, late.recipient]);
  assert.equal(String(Buffer.from((await sealer.open(sealed)) ?? [])), "x");
  rmSync(file);
  assert.deepEqual((await sealer.own()).recipients, []);
});

test("streams: whole, damaged and cut", async t => {
  const key = await testKey(temporaryFolder(t));
  const sealer = sealerWith(key.file);
  const content = randomBytes(300_000);
  const sealed = await buffer(valueOf(await sealer.sealStream([key.recipient], streamOf(content))));
  const opened = await sealer.openStream(streamOf(sealed));
  assert.ok(opened);
  assert.ok((await buffer(opened)).equals(content));
  const flipped = Buffer.from(sealed);
  flipped[200_000] = (flipped[200_000] ?? 0) ^ 1;
  for (const broken of [flipped, sealed.subarray(0, 200_000)]) {
    const stream = await sealer.openStream(streamOf(broken));
    assert.ok(stream);
    await assert.rejects(buffer(stream));
  }
  assert.equal(await sealer.openStream(streamOf(Buffer.from("no age file at all\n"))), undefined);
});

test("texts that are no recipients are named, secret keys are not shown", async t => {
  const key = await testKey(temporaryFolder(t));
  const sealer = sealerWith(key.file);
  const refused = await sealer.seal([key.recipient, "age1nonsense", key.secret], Buffer.from("x"));
  assert.ok(!refused.ok);
  const said = JSON.stringify(refused.failure);
  assert.match(said, /age1nonsense is not an age recipient/);
  assert.match(said, /a secret key stands where/);
  assert.ok(!said.includes(key.secret.slice(20, 40)));
  assert.ok(!(await sealer.seal([], Buffer.from("x"))).ok);
});
