/** The files that ssh is given: what becomes of them where they cannot be written. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const MODULE = path.resolve(import.meta.dirname, "../../../../src/providers/connection/ssh-command.ts");
const connection = { kind: "ssh", host: "frodo", hostKey: "ssh-ed25519 AAAA", sudo: false };
const PROGRAM = `const { writeSshFiles } = await import(${JSON.stringify(MODULE)});
console.log(JSON.stringify(await writeSshFiles(${JSON.stringify(connection)})));`;

test("where there is no room for them, that is trouble of this host, and nothing of them is left", async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-ssh-files-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // A process that may make no file longer than nothing stands for a full disk.
  const { stdout } = await promisify(execFile)(
    "/bin/sh",
    ["-c", 'ulimit -f 0 && exec "$0" --input-type=module -e "$1"', process.execPath, PROGRAM],
    { env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: "" } },
  );
  const outcome = JSON.parse(stdout) as { ok: boolean; trouble?: { kind: string; message: string } };
  assert.equal(outcome.trouble?.kind, "failed");
  assert.match(outcome.trouble.message, /the file is too big for the file system \(EFBIG\)/);
  assert.deepEqual(await readdir(folder), []);
});
