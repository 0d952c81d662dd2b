/** bin/holdfast as a person starts it; the Nodes on PATH are stand-ins where an old one is needed. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { run } from "../../../src/process/run.ts";
import { root } from "./setup-modules.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-bin-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const holdfast = path.join(root, "bin", "holdfast");

function script(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return path.dirname(file);
}

async function start(
  command: string,
  nodes: string,
  cache: string,
): Promise<{ code: number | null; output: string }> {
  const env = { PATH: `${nodes}:/usr/bin:/bin`, HOME: scratch, XDG_CACHE_HOME: cache };
  const result = await run(command, ["--version"], { env, cwd: scratch, deadlineMs: 60_000 });
  return { code: result.code, output: result.stdout.toString() };
}

const newNode = path.dirname(process.execPath);
const emptyCache = path.join(scratch, "empty-cache");

test("it runs from another folder through a chain of symlinks", async () => {
  const links = path.join(scratch, "links");
  mkdirSync(links);
  symlinkSync(holdfast, path.join(links, "first"));
  symlinkSync("first", path.join(links, "second"));
  assert.deepEqual(await start(path.join(links, "second"), newNode, emptyCache), {
    code: 0,
    output: "0.1.0\n",
  });
});

test("where the Node on PATH is too old, holdfast's own copy is used", async () => {
  const old = script(path.join(scratch, "old", "node"), 'test "$1" = --version && echo v24.14.1 || exit 99');
  const cache = path.join(scratch, "cache");
  const own = path.join(cache, "holdfast", "node", "24.21.0", "bin");
  mkdirSync(own, { recursive: true });
  symlinkSync(process.execPath, path.join(own, "node"));
  assert.deepEqual(await start(holdfast, old, cache), { code: 0, output: "0.1.0\n" });
});

test("a set-up that failed ends it with its exit code, before anything else is run", async () => {
  const old = script(
    path.join(scratch, "broken", "node"),
    'test "$1" = --version && echo v20.11.0 || exit 99',
  );
  assert.deepEqual(await start(holdfast, old, emptyCache), { code: 99, output: "" });
});
