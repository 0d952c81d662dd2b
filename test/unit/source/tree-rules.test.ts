import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListing, type TreeEntry } from "../../../src/source/tree-entry.ts";
import { isDotGit, refuseTree } from "../../../src/source/tree-rules.ts";

const LIMITS = { files: 3, fileBytes: 100, totalBytes: 250 };
const ROOT_BYTES = 50;

const entry = (name: string | Buffer, size = 1, kind: TreeEntry["kind"] = "file"): TreeEntry => {
  const path = Buffer.from(name);
  return { kind, object: "0".repeat(40), size, path, name: path.toString() };
};
const refusal = (...entries: TreeEntry[]): unknown => refuseTree(entries, LIMITS, ROOT_BYTES);

test("every spelling of .git that some file system takes for it is known", () => {
  for (const name of [
    ".git",
    ".GIT",
    ".Git",
    ".git.",
    ".git ",
    ".git . .",
    "git~1",
    "GIT~1",
    ".git::$INDEX_ALLOCATION",
  ])
    assert.equal(isDotGit(name), true, name);
  for (const name of [".g\u200cit", "\ufeff.git", "a\\.git", ".git\\config"])
    assert.equal(isDotGit(name), true, name);
  for (const name of [".gitignore", ".gitattributes", "git", "git~2", "x.git", ".git2"])
    assert.equal(isDotGit(name), false, name);
});

test("paths that would leave the tree or reach a .git are refused by name", () => {
  for (const name of ["../a", "a/../b", "a/./b", "a//b", "/a", "a/.git/config", ".git", "a/.GIT", ""])
    assert.deepEqual((refusal(entry(name)) as { path: string }).path, name);
});

test("names that only other systems find odd are plain files", () => {
  assert.equal(refusal(entry("CON"), entry("aux.ts"), entry("a:b\\c")), undefined);
  assert.equal(refusal(entry("A"), entry("a"), entry(Buffer.from([0xff, 0xfe]))), undefined);
});

test("a name or path that no file system call takes is refused", () => {
  assert.match(JSON.stringify(refusal(entry("n".repeat(256)))), /too long/);
  assert.equal(refusal(entry("n".repeat(255))), undefined);
  const fits = "d/".repeat(2022) + "f";
  assert.match(JSON.stringify(refusal(entry(fits))), /the path is too long/);
  assert.equal(refusal(entry(fits.slice(2))), undefined);
});

test("a name that stands twice, or a file that is a folder as well, is refused in whatever order", () => {
  assert.match(JSON.stringify(refusal(entry("a"), entry("a"))), /twice/);
  assert.match(JSON.stringify(refusal(entry("a", 1, "link"), entry("a/b"))), /twice/);
  assert.match(JSON.stringify(refusal(entry("a/b"), entry("a", 1, "link"))), /twice/);
});

test("limits hold to the byte, and name the path that broke them", () => {
  assert.equal(refusal(entry("a", 100), entry("b", 100), entry("c", 50)), undefined);
  assert.deepEqual((refusal(entry("a", 101)) as { path: string }).path, "a");
  assert.match(JSON.stringify(refusal(entry("a", 100), entry("b", 100), entry("c", 51))), /"c".*250 bytes/);
  assert.match(
    JSON.stringify(refusal(entry("a"), entry("b"), entry("c"), entry("d"))),
    /"d".*more than 3 files/,
  );
  assert.match(JSON.stringify(refuseTree([entry("l", 0, "link")], LIMITS, ROOT_BYTES)), /target has 0 bytes/);
});

test("a damaged listing is not read as a shorter one", () => {
  const line = `100644 blob ${"a".repeat(40)}       7\tfile\0`;
  assert.equal(parseListing(Buffer.from(line))?.length, 1);
  assert.equal(parseListing(Buffer.from(`${line}100644 blob`)), undefined);
  assert.equal(parseListing(Buffer.from("nonsense\0")), undefined);
  assert.deepEqual(parseListing(Buffer.alloc(0)), []);
});
