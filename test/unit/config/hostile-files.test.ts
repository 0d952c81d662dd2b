/** What a repository may put in the place of the files that holdfast reads: each is a problem with its place, and bounded. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { tempFolder } from "../../support/git.ts";
import { allProblems, lines } from "./reading.ts";

const GOOD = {
  "holdfast.yaml": 'stacks: { "*": {} }\n',
  "good/Pulumi.yaml": "name: good\nruntime: nodejs\n",
  "good/Pulumi.dev.yaml": "",
  "bad/Pulumi.yaml": "name: bad\nruntime: nodejs\n",
  "bad/Pulumi.dev.yaml": "",
};

function tree(t: TestContext): string {
  const root = tempFolder(t);
  for (const [name, text] of Object.entries(GOOD)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const bomb = (): string => {
  const levels = Array.from({ length: 30 }, (_, i) =>
    i === 0 ? "a0: &a0 [x, x]" : `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`,
  );
  return `name: bad\nruntime: nodejs\n${levels.join("\n")}\n`;
};
const CONTENTS: Readonly<Record<string, string>> = {
  "an alias bomb": bomb(),
  "10 MB": `name: bad\nruntime: nodejs\ndescription: ${"x".repeat(10_000_000)}\n`,
  "10 MB of a list": `a: [${"1,".repeat(5_000_000)}]\n`,
  "a list in 100,000 lists": "[".repeat(100_000),
  "a map in 20,000 maps": Array.from({ length: 20_000 }, () => "{a: ").join(""),
  "100,000 keys that are one": "a: 1\n".repeat(100_000),
  "160,000 keys": Array.from({ length: 160_000 }, (_, i) => `${i.toString(36)}:\n`).join(""),
  "bytes that are no text": "\u0000\u0001\ufffe",
  "a tag that makes an object elsewhere": '!!js/function "function () { throw 1 }"\n',
  "a merge of itself": "a: &a\n  <<: *a\n",
  "many documents": "---\n".repeat(1000) + "a: 1\n",
};

const put = (root: string, name: string, make: (at: string) => void): void => {
  rmSync(path.join(root, name), { recursive: true, force: true });
  make(path.join(root, name));
};
/** Not what it seems to be. */
const KINDS: Readonly<Record<string, (at: string) => void>> = {
  "a folder": at => void mkdirSync(at),
  "a named pipe": at => void execFileSync("mkfifo", [at]),
  "a link to itself": at => symlinkSync(path.basename(at), at),
  "a link that leads out": at => symlinkSync("/etc/passwd", at),
  "a link to nothing": at => symlinkSync("not-there", at),
  "a link to a device": at => symlinkSync("/dev/zero", at),
};

for (const name of ["holdfast.yaml", "bad/Pulumi.yaml"]) {
  for (const [what, content] of Object.entries(CONTENTS))
    test(`${name} with ${what}`, async t => {
      const root = tree(t);
      put(root, name, at => writeFileSync(at, content));
      await refused(root, name);
    });
  for (const [what, make] of Object.entries(KINDS)) {
    // Nothing there is the same as no file.
    if (name === "holdfast.yaml" && what === "a link to nothing") continue;
    test(`${name} that is ${what}`, async t => {
      const root = tree(t);
      put(root, name, make);
      await refused(root, name);
    });
  }
}

async function refused(root: string, name: string): Promise<void> {
  const result = await createEstateReader().read(root);
  const said = lines(allProblems(result));
  // The one is everybody's affair, the other its project's.
  const others = result.ok ? result.value.stacks.map(stack => stack.name) : undefined;
  assert.deepEqual(others, name === "holdfast.yaml" ? undefined : ["good/dev"]);
  assert.ok(
    said.some(line => line.startsWith(name)),
    said.join("\n"),
  );
  // Few and short: somebody reads them.
  assert.ok(said.length <= 20 && said.every(line => line.length < 1000), `${said.length} problems`);
}

test("the contents of a stack's own file are the stack's affair: the estate is read", async t => {
  for (const content of Object.values(CONTENTS)) {
    const root = tree(t);
    put(root, "bad/Pulumi.dev.yaml", at => writeFileSync(at, content));
    const result = await createEstateReader().read(root);
    assert.ok(result.ok, JSON.stringify(result).slice(0, 500));
    assert.deepEqual(
      result.value.stacks.map(({ name }) => name),
      ["bad/dev", "good/dev"],
    );
  }
});
