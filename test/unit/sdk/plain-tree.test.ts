/** Folders of a checkout as they are read: names, modes, links, and what nobody can see. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readTree } from "../../../src/sdk/plain/tree.ts";
import { makeTree } from "../../support/tree.ts";

test("a folder is read with its modes, its links and its strangers, in the order of names", t => {
  const root = makeTree(t, {
    "box/etc/b": "12345",
    "box/etc/a.tmpl": "",
    "box/bin/run": "#!/bin/sh\n",
    "beside/x": "",
  });
  chmodSync(path.join(root, "box/bin/run"), 0o755);
  symlinkSync("../bin", path.join(root, "box/etc/link"));
  execFileSync("mkfifo", [path.join(root, "box/pipe")]);
  assert.deepEqual(
    readTree(root, "box").map(({ source, name, kind, executable, leads }) => [
      source,
      name,
      kind,
      executable,
      leads,
    ]),
    [
      ["box/bin/run", "bin/run", "file", true, undefined],
      ["box/etc/a.tmpl", "etc/a.tmpl", "file", false, undefined],
      ["box/etc/b", "etc/b", "file", false, undefined],
      ["box/etc/link", "etc/link", "link", true, "../bin"],
      ["box/pipe", "pipe", "other", false, undefined],
    ],
  );
  assert.equal(readTree(root, "box")[2]?.bytes, 5);
});

test("names that are no text, or hold what nobody sees, are marked", t => {
  const root = makeTree(t, { "box/fine äöü 1.conf": "" });
  const box = path.join(root, "box");
  writeFileSync(path.join(box, "a\nb"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${box}/z`), Buffer.from([0xff])]), "");
  mkdirSync(Buffer.concat([Buffer.from(`${box}/zz`), Buffer.from([0xff])]));
  assert.deepEqual(
    readTree(root, "box").map(({ legible }) => legible),
    [false, true, false, false],
  );
});

test("a folder of more files than anybody means is refused", t => {
  const root = makeTree(t, { "box/a": "", "box/b": "", "box/c/d": "" });
  assert.equal(readTree(root, "box", 3).length, 3);
  assert.throws(() => readTree(root, "box", 2), /box: more than 2 files; divide it/);
});
