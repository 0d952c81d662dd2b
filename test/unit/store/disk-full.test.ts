/** A full disk is known by what Node, SQLite and tools say of it; by nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fullDiskOf, fullDiskText } from "../../../src/store/disk-full.ts";

const error = (message: string, more: object): Error => Object.assign(new Error(message), more);

test("errors that mean nothing else are certain, however deep", () => {
  const full = error("ENOSPC: no space left on device, write", { code: "ENOSPC", path: "/data/x" });
  assert.deepEqual(fullDiskOf(full), { why: full.message, certain: true, path: "/data/x" });
  assert.deepEqual(fullDiskOf(new Error("could not", { cause: new Error("again", { cause: full }) })), {
    why: full.message,
    certain: true,
    path: "/data/x",
  });
  // SQLITE_FULL
  assert.equal(fullDiskOf(error("database or disk is full", { errcode: 13 }))?.certain, true);
  assert.equal(fullDiskOf(error("quota", { code: "EDQUOT" }))?.certain, true);
});

test("what may mean something else counts where a disk is full", () => {
  // SQLITE_IOERR_SHMSIZE
  assert.equal(fullDiskOf(error("disk I/O error", { errcode: 4874 }))?.certain, false);
  const said = `error: ${"x".repeat(1000)} write /tmp/a: no space left on device\nmore`;
  assert.match(fullDiskOf(said)?.why ?? "", /no space left on device$/);
  assert.ok((fullDiskOf(said)?.why.length ?? 0) < 700);
});

test("what the state service told a CLI is certain, and names its folder", () => {
  const said = `holdfast:host:File a: [507] ${fullDiskText("/var/lib/hold fast", "database or disk is full")}`;
  assert.deepEqual(fullDiskOf(`one\n${said}\nthree`), {
    why: said,
    certain: true,
    folder: "/var/lib/hold fast",
  });
});

test("other troubles are none of its", () => {
  for (const other of [
    new Error("x is not a function"),
    error("no", { code: "ENOENT" }),
    "the disk is slow",
    7,
  ])
    assert.equal(fullDiskOf(other), undefined);
  const circle: Error & { cause?: unknown } = new Error("circle");
  circle.cause = circle;
  assert.equal(fullDiskOf(circle), undefined);
});
