/** A full disk is said of the folder that is full, and of no other. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { diskFailure } from "../../../src/commands/wire-disk.ts";
import { fullDiskText } from "../../../src/store/disk-full.ts";
import { tempFolder } from "../../support/git.ts";
import { smallDisk } from "../../support/small-disk.ts";

const WORDS = "error: write /somewhere: no space left on device";
/** Nothing but what is full counts here, however little room this machine has. */
const minimumFree = { bytes: 0 };

const errorOf = (work: () => void): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

test("an error names its own folder, words count where a folder of ours is full", async t => {
  const full = smallDisk(t, "2m");
  if (full === undefined) return t.skip("mounting needs root");
  const writing = errorOf(() => {
    for (;;) writeFileSync(path.join(full, "filling"), Buffer.alloc(4096), { flag: "a" });
  });
  // As Node says it of a folder or a file that cannot be made.
  const making = Object.assign(new Error("ENOSPC: no space left on device, mkdir"), {
    code: "ENOSPC",
    path: path.join(full, "new"),
  });
  const elsewhere = { data: tempFolder(t), minimumFree };
  const unnamed = await diskFailure(elsewhere, writing);
  assert.ok(unnamed?.reason === "disk" && !("folder" in unnamed), "a write does not say where");
  const named = await diskFailure(elsewhere, making);
  assert.ok(named?.reason === "disk" && named.folder === full, JSON.stringify(named));
  assert.equal(named.free, 0);
  assert.equal(await diskFailure(elsewhere, WORDS), undefined, "a target's disk, perhaps");
  const ours = await diskFailure({ data: full, minimumFree }, `one\n${WORDS}\n`);
  assert.ok(ours?.reason === "disk" && ours.folder === full && ours.why === WORDS, JSON.stringify(ours));
});

test("what was full and has room again is said without a figure", async t => {
  const data = tempFolder(t);
  const failure = await diskFailure({ data, minimumFree }, fullDiskText(data, "database or disk is full"));
  assert.ok(failure?.reason === "disk" && failure.folder === data);
  assert.equal("free" in failure, false);
});

test("other troubles have nothing to do with a disk", async t => {
  assert.equal(await diskFailure({ data: tempFolder(t) }, new TypeError("x is not a function")), undefined);
});
