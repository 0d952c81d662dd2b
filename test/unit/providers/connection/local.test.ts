import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { localMachine } from "../../../../src/providers/connection/local.ts";

const never = new AbortController().signal;
/** Enough that two looks of one write fall on both sides of another's mkdir. */
const FILES = 40;

test("files that share missing folders are written side by side", async t => {
  const root = await mkdtemp(path.join(os.tmpdir(), "holdfast-local-"));
  t.after(() => rm(root, { recursive: true }));
  for (let round = 0; round < 20; round += 1) {
    const machine = localMachine(path.join(root, String(round)));
    const write = (n: number) =>
      machine.write(`/etc/deep/er/${n % 4}/${n}`, Buffer.from("x"), { newMode: 0o644 }, never);
    const folder = machine.makeDirectory("/etc/deep/er", 0o750, never);
    const done = await Promise.all([...Array.from({ length: FILES }, (_, n) => write(n)), folder]);
    assert.deepEqual(
      done.filter(one => !one.ok),
      [],
    );
    const names = await readdir(path.join(root, String(round), "etc/deep/er"), { recursive: true });
    assert.equal(names.length, FILES + 4);
  }
});

test("a dangling symlink on the way is still refused", async t => {
  const root = await mkdtemp(path.join(os.tmpdir(), "holdfast-local-"));
  t.after(() => rm(root, { recursive: true }));
  await symlink("/nowhere/at/all", path.join(root, "etc"));
  const written = await localMachine(root).write("/etc/x", Buffer.from("x"), { newMode: 0o644 }, never);
  assert.ok(!written.ok && written.trouble.message.includes("a symlink that leads nowhere"));
  await assert.rejects(stat("/nowhere"));
});
