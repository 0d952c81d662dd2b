/** The script itself, run by this machine's sh. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { placeFilesScript } from "../../../../../src/providers/host/files/tree-script.ts";

interface Placed {
  readonly code: number | null;
  readonly said: string;
  readonly root: string;
  readonly theirs: string;
}

/** `mktemp` does what it does, and then `meanwhile` happens to the folder `$w` that it made. */
function place(t: TestContext, meanwhile: string): Placed {
  const base = mkdtempSync(path.join(tmpdir(), "holdfast-tree-"));
  t.after(() => rmSync(base, { recursive: true }));
  const [root, theirs, tools] = ["root", "theirs", "tools"].map(name => path.join(base, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [root, theirs, tools]) mkdirSync(folder);
  const mktemp = `#!/bin/sh\nw=$(/usr/bin/mktemp "$@") || exit 1\n${meanwhile}\necho "$w"\n`;
  writeFileSync(path.join(tools, "mktemp"), mktemp, { mode: 0o755 });
  const file = {
    kind: "file",
    below: "a",
    given: {},
    content: Buffer.from("a"),
    placement: { path: path.join(root, "a"), mode: 0o644 },
  } as const;
  const ended = spawnSync("sh", ["-c", placeFilesScript(root, [file])], {
    input: file.content,
    encoding: "utf8",
    env: { PATH: `${tools}:${process.env["PATH"] ?? ""}`, THEIRS: theirs },
  });
  return { code: ended.status, said: ended.stderr, root, theirs };
}

test("files are made in a folder beside, and take their places", t => {
  const { code, said, root } = place(t, "");
  assert.equal(code, 0, said);
  assert.deepEqual(readdirSync(root), ["a"]);
  assert.equal(readFileSync(path.join(root, "a"), "utf8"), "a");
});

test("where somebody puts a symlink in that folder's place, nothing is written", t => {
  const { code, said, root, theirs } = place(t, 'rmdir "$w"; ln -s "$THEIRS" "$w"');
  assert.equal(code, 1);
  assert.match(said, /somebody else comes in between/);
  assert.deepEqual([readdirSync(theirs), readdirSync(root)], [[], []]);
});
