import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { markInUse, pruneInstalls } from "../../../src/program/installs-in-use.ts";
import { tempFolder } from "../../support/git.ts";

const MINUTE = 60_000;

test("an install goes when the last checkout that it was linked into is gone, and not at once", async t => {
  const data = tempFolder(t);
  const cache = path.join(data, "installs");
  mkdirSync(cache);
  const checkouts = ["one", "two"].map(name => path.join(tempFolder(t), name));
  const soon = Date.now() + 30 * MINUTE;
  const later = Date.now() + 90 * MINUTE;
  const left = async (now: number): Promise<string[]> => {
    await pruneInstalls(cache, now);
    return [...readdirSync(cache), ...readdirSync(`${cache}-in-use`).map(name => `mark of ${name}`)];
  };
  for (const checkout of checkouts) {
    mkdirSync(checkout);
    await markInUse(cache, "abc", checkout);
  }
  mkdirSync(path.join(cache, "abc"));
  assert.deepEqual(await left(later), ["abc", "mark of abc"]);
  rmSync(checkouts[0] ?? "", { recursive: true });
  assert.deepEqual(await left(later), ["abc", "mark of abc"]);
  rmSync(checkouts[1] ?? "", { recursive: true });
  assert.deepEqual(await left(soon), ["abc", "mark of abc"], "its links may be about to be made");
  assert.deepEqual(await left(later), []);
});

test("what has no mark is not ours to remove; a mark without its install goes as well", async t => {
  const data = tempFolder(t);
  const cache = path.join(data, "installs");
  mkdirSync(cache);
  mkdirSync(path.join(cache, "unmarked"));
  await markInUse(cache, "failed", path.join(cache, "nowhere"));
  await pruneInstalls(cache, Date.now() + 90 * MINUTE);
  assert.deepEqual(readdirSync(cache), ["unmarked"]);
  assert.deepEqual(readdirSync(`${cache}-in-use`), []);
});
