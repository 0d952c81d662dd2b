/** How a folder of the repository becomes the entries of a tree. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { readTree } from "../../../src/sdk/tree.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-tree-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = (modes = { file: "0644", directory: "0755" }) =>
  readTree(folder, modes, (property, why) => {
    throw new Error(`${property} ${why}`);
  });
const write = (name: string, content: string | Buffer, mode = 0o644) =>
  writeFile(path.join(folder, name), content, { mode });

test("files, folders, kept links and executable bits, by paths in order", async () => {
  await mkdir(path.join(folder, "css/empty"), { recursive: true });
  await write("css/site.css", "a {}\n", 0o600);
  await write("run", "#!/bin/sh\n", 0o700);
  await write("logo", Buffer.from([0xff, 0]));
  await symlink("css/site.css", path.join(folder, "link"));
  await symlink("../run", path.join(folder, "css/up"));
  assert.deepEqual(read(), {
    "css/": { mode: "0755" },
    "css/empty/": { mode: "0755" },
    "css/site.css": { content: "a {}\n", mode: "0644" },
    "css/up": { target: "../run" },
    link: { target: "css/site.css" },
    logo: { contentBase64: "/wA=", mode: "0644" },
    run: { content: "#!/bin/sh\n", mode: "0755" },
  });
  const guarded = read({ file: "0640", directory: "0750" });
  assert.deepEqual([guarded["run"]?.mode, guarded["css/"]?.mode], ["0750", "0750"]);
});

for (const target of ["/etc/passwd", "../outside", "css/../../outside", ".."])
  test(`a symlink that leads out of the tree is a mistake: ${target}`, async () => {
    await mkdir(path.join(folder, "css"));
    await symlink(target, path.join(folder, "link"));
    assert.throws(read, /link is a symlink that leads out of the tree/);
  });

test("an empty folder, a name with a line break, and too much are mistakes", async () => {
  assert.throws(read, /is empty/);
  await write("line\nbreak", "");
  assert.throws(read, /holds a line break/);
  await rm(path.join(folder, "line\nbreak"));
  await write("big", Buffer.alloc(6_000_000));
  await write("big too", Buffer.alloc(4_000_001));
  assert.throws(read, /holds more than 10000000 bytes/);
});

test("too many files are a mistake that counts them", async () => {
  for (let index = 0; index < 2_001; index += 1) await write(`f${index}`, "");
  assert.throws(read, /holds 2001 files and folders; 2000 is the most/);
});
