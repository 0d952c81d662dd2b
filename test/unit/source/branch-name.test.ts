import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { isBranchName } from "../../../src/source/branch-name.ts";

const gitSays = (name: string): boolean =>
  spawnSync("git", ["check-ref-format", `refs/heads/${name}`], { stdio: "ignore" }).status === 0;

const names = [
  "main",
  "release/1.2",
  "a..b",
  "a.lock",
  "a.lock/b",
  ".a",
  "a/.b",
  "a.",
  "a/",
  "/a",
  "a//b",
  "a b",
  "a~1",
  "a^",
  "a:b",
  "a?",
  "a*",
  "a[b",
  "a\\b",
  "a@{1}",
  "@",
  "a@b",
  "ä/ö",
  "a\u007f",
  "a\tb",
  "",
];
for (const name of names)
  test(`the branch name ${JSON.stringify(name)} is judged as git judges it`, () =>
    assert.equal(isBranchName(name), gitSays(name)));

test("names made of difficult pieces are judged as git judges them", () => {
  const piece = fc.constantFrom("a", ".", "..", "/", "@", "{", "@{", ".lock", "~", " ", "é", "\\", "*", "B-");
  const name = fc
    .array(piece, { minLength: 1, maxLength: 5 })
    .map(pieces => pieces.join(""))
    .filter(text => !text.startsWith("-"));
  fc.assert(
    fc.property(name, text => assert.equal(isBranchName(text), gitSays(text))),
    { numRuns: 100 },
  );
});

test("what looks like an option, HEAD, and what is too long for a file is no branch", () => {
  for (const name of ["-x", "--upload-pack=touch", "HEAD", "a".repeat(201)])
    assert.equal(isBranchName(name), false);
});
