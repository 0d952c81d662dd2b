import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { makeRepository, removeTree, tempFolder } from "../../support/git.ts";
import { failureOf, headCheckout, never, openSource, valueOf } from "./open-source.ts";

const checkoutsIn = (folder: string): string[] => readdirSync(path.join(folder, "checkouts")).sort();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
}

test("a checkout holds the revision's bytes, modes and harmless links, all of it read-only", async t => {
  const binary = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
  const repository = makeRepository(t, { files: { "a.txt": "a\r\n", "d/e/bin": binary, empty: "" } });
  writeFileSync(path.join(repository.folder, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  symlinkSync("../a.txt", path.join(repository.folder, "d", "link"));
  repository.commit("all kinds");
  const { source } = openSource(t, repository.url);
  const root = await headCheckout(source);
  assert.equal(readFileSync(path.join(root, "a.txt"), "latin1"), "a\r\n");
  assert.ok(readFileSync(path.join(root, "d/e/bin")).equals(binary));
  assert.equal(readFileSync(path.join(root, "d/link"), "latin1"), "a\r\n");
  assert.equal(lstatSync(path.join(root, "d/link")).isSymbolicLink(), true);
  const modes = ["", "a.txt", "empty", "run.sh", "d", "d/e"].map(
    name => statSync(path.join(root, name)).mode & 0o7777,
  );
  assert.deepEqual(modes, [0o555, 0o444, 0o444, 0o555, 0o555, 0o555]);
  assert.deepEqual(readdirSync(root).sort(), ["a.txt", "d", "empty", "run.sh"]);
});

test("modes do not depend on the umask, for workers that run as another user", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const root = await headCheckout(openSource(t, repository.url).source);
  assert.equal(statSync(path.join(root, "a.txt")).mode & 0o777, 0o444);
  assert.equal(statSync(root).mode & 0o777, 0o555);
});

test("stacks share a checkout; a few unused ones are kept, older ones removed, used ones never", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "0" } });
  const { source, folder } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const first = repository.head();
  const [one, other] = (await Promise.all([source.checkout(first), source.checkout(first)])).map(valueOf);
  assert.equal(one?.root, other?.root);
  one?.release();
  one?.release();
  const later = ["1", "2", "3", "4", "5"].map(content => repository.commit(content, { "a.txt": content }));
  valueOf(await source.fetch(never));
  for (const sha of later) valueOf(await source.checkout(sha)).release();
  await until(() => checkoutsIn(folder).length === 4);
  assert.deepEqual(checkoutsIn(folder), [first, ...later.slice(2)].sort());
  assert.equal(readFileSync(path.join(other?.root ?? "", "a.txt"), "utf8"), "0");
  other?.release();
  await until(() => checkoutsIn(folder).length === 3);
  // One that was removed can be had again.
  const again = valueOf(await source.checkout(later[0] ?? ""));
  assert.equal(readFileSync(path.join(again.root, "a.txt"), "utf8"), "1");
});

test("a start removes what a crash left, whole or half, and not what a live process holds", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source, folder } = openSource(t, repository.url);
  const held = await headCheckout(source);
  const checkouts = path.join(folder, "checkouts");
  const DEAD = "999999999-1";
  const leftovers = ["f".repeat(40), `.making.${DEAD}.x`, `.trash.${DEAD}.x`];
  for (const name of leftovers) {
    mkdirSync(path.join(checkouts, name, "d"), { recursive: true });
    writeFileSync(path.join(checkouts, name, "d", "a.txt"), "half", { mode: 0o444 });
    execFileSync("chmod", ["-R", "a-w", path.join(checkouts, name)]);
  }
  writeFileSync(path.join(folder, "holders", `${"f".repeat(40)}.${DEAD}.x`), "");
  const second = repository.commit("second", { "a.txt": "2" });
  const restarted = openSource(t, repository.url, { folder }).source;
  valueOf(await restarted.fetch(never));
  valueOf(await restarted.checkout(second));
  assert.deepEqual(checkoutsIn(folder), [path.basename(held), second].sort());
  assert.equal(readdirSync(path.join(folder, "holders")).length, 2);
});

test("a process that is killed while it writes a checkout leaves nothing that is taken for one", async t => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d${i % 10}/f${i}`, `${i}`]));
  const repository = makeRepository(t, { files });
  const { source, folder } = openSource(t, repository.url);
  const { sha } = valueOf(await source.fetch(never));
  const module = path.resolve(import.meta.dirname, "../../../src/source/source.ts");
  // Kills itself in the middle of the files.
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const write = fs.writeSync;
    let count = 0;
    fs.writeSync = (...args) => (++count === 100 ? process.kill(process.pid, "SIGKILL") : write(...args));
    syncBuiltinESMExports();
    const { createSource } = await import(${JSON.stringify(module)});
    const made = createSource(${JSON.stringify({ url: repository.url, branch: "main", folder })});
    await made.value.checkout(${JSON.stringify(sha)});`;
  const killed = spawnSync(process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(killed.signal, "SIGKILL", killed.stderr.toString());
  const left = checkoutsIn(folder);
  assert.equal(left.length, 1);
  assert.match(left[0] ?? "", /^\.making\./);
  const { root } = valueOf(await source.checkout(sha));
  assert.equal(readdirSync(root, { recursive: true }).length, 310);
  assert.deepEqual(checkoutsIn(folder), [sha]);
});

test("a checkout that somebody removed by hand is made again", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source } = openSource(t, repository.url);
  const { sha } = valueOf(await source.fetch(never));
  const first = valueOf(await source.checkout(sha));
  first.release();
  removeTree(first.root);
  const second = valueOf(await source.checkout(sha));
  assert.equal(existsSync(path.join(second.root, "a.txt")), true);
});

test("a commit that the mirror does not hold is a failure, and no path", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  for (const sha of ["1".repeat(40), "main", "../../etc", "-h"])
    assert.equal(failureOf(await source.checkout(sha)).reason, "fetch-failed");
});

/** A file system of one megabyte; false where this machine does not let us mount one. */
async function withSmallDisk(t: TestContext, work: (folder: string) => Promise<void>): Promise<boolean> {
  const small = tempFolder(t, "holdfast-small-");
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  if (mounted.status !== 0) return false;
  try {
    await work(small);
  } finally {
    // Before the folder goes away with the test.
    execFileSync("umount", ["--lazy", small]);
  }
  return true;
}

test("a full disk is the failure `disk` for a checkout, leaves nothing behind, and passes", async t => {
  const big = Buffer.alloc(3 * 1024 * 1024, "x");
  const repository = makeRepository(t, { files: { big, "a.txt": "1" } });
  const folder = tempFolder(t);
  const done = await withSmallDisk(t, async small => {
    symlinkSync(small, path.join(folder, "checkouts"));
    const { source } = openSource(t, repository.url, { folder });
    const { sha } = valueOf(await source.fetch(never));
    assert.match(JSON.stringify(await source.checkout(sha)), /"transient","reason":"disk".*no space left/i);
    assert.deepEqual(readdirSync(small), []);
    const smaller = repository.commit("smaller", { big: null });
    valueOf(await source.fetch(never));
    assert.ok(valueOf(await source.checkout(smaller)));
  });
  if (!done) t.skip("needs the right to mount a small file system");
});

test("a full disk is the failure `disk` for a fetch, and passes", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const done = await withSmallDisk(t, async small => {
    const filler = path.join(small, "filler");
    assert.throws(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024)), /ENOSPC/);
    const { source } = openSource(t, repository.url, { folder: path.join(small, "source") });
    assert.equal(failureOf(await source.fetch(never)).reason, "disk");
    rmSync(filler);
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  });
  if (!done) t.skip("needs the right to mount a small file system");
});
