import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Limits } from "../../../src/source/limits.ts";
import { git, makeRepository, tempFolder, type TestRepository } from "../../support/git.ts";
import { failureOf, headCheckout, never, openSource, valueOf } from "./open-source.ts";

/** Checks the head out and answers why it was refused; nothing may be left of the attempt. */
async function refusal(t: TestContext, repository: TestRepository, limits: Partial<Limits> = {}) {
  const { source, folder } = openSource(t, repository.url, { limits });
  const head = valueOf(await source.fetch(never));
  const failure = failureOf(await source.checkout(head.sha));
  assert.equal(failure.reason, "repository-refused");
  assert.deepEqual(readdirSync(path.join(folder, "checkouts")), []);
  assert.deepEqual(readdirSync(path.join(folder, "holders")), []);
  return failure;
}

/** Commits a tree that git's own commands would not make: `entries` as `<mode> <name>\0<20 bytes>`. */
function commitForged(
  repository: TestRepository,
  entries: readonly (readonly [string, string, string])[],
): void {
  const tree = Buffer.concat(
    entries.map(([mode, name, object]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(object, "hex")]),
    ),
  );
  const { folder } = repository;
  const id = git(folder, ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], { input: tree });
  const commit = git(folder, ["commit-tree", "-m", "forged", id]);
  repository.git("push", "--quiet", "--force", "origin", `${commit}:refs/heads/main`);
}

const blobOf = (repository: TestRepository, content: string): string =>
  git(repository.folder, ["hash-object", "-w", "--stdin"], { input: content });

/** Checks the head out: what is there, and what was left out. */
async function lacking(t: TestContext, repository: TestRepository) {
  const { source } = openSource(t, repository.url);
  const checkout = valueOf(await source.checkout(valueOf(await source.fetch(never)).sha));
  const listed = execFileSync("find", [".", "-mindepth", "1"], { cwd: checkout.root, encoding: "utf8" });
  return { names: listed.trim().split("\n").sort(), leftOut: checkout.leftOut };
}

test("a link out of the checkout is left out, and named", async t => {
  for (const target of ["../../../../etc/passwd", "/etc/passwd"]) {
    const repository = makeRepository(t, { files: { "d/a.txt": "1" } });
    symlinkSync(target, path.join(repository.folder, "d", "passwords"));
    repository.commit("link");
    const { names, leftOut } = await lacking(t, repository);
    assert.deepEqual(names, ["./d", "./d/a.txt"]);
    assert.deepEqual(
      leftOut?.map(one => one.path),
      ["d/passwords"],
    );
  }
});

test("a chain of links that leads out is left out, though each link alone looks harmless", async t => {
  const repository = makeRepository(t, { files: { "x/y/a.txt": "1" } });
  symlinkSync("..", path.join(repository.folder, "x", "y", "up"));
  symlinkSync("x/y/up/../../out", path.join(repository.folder, "escape"));
  symlinkSync("escape/further", path.join(repository.folder, "along"));
  repository.commit("chain");
  const { names, leftOut } = await lacking(t, repository);
  assert.deepEqual(names, ["./x", "./x/y", "./x/y/a.txt", "./x/y/up"]);
  assert.match(JSON.stringify(leftOut), /"along".*out of the repository.*"escape".*out of the repository/);
});

test("a checkout that another process made says what it lacks", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  symlinkSync("/etc/passwd", path.join(repository.folder, "passwords"));
  const head = repository.commit("link");
  const first = openSource(t, repository.url);
  valueOf(await first.source.fetch(never));
  valueOf(await first.source.checkout(head));
  const second = openSource(t, repository.url, { folder: first.folder });
  assert.equal(valueOf(await second.source.checkout(head)).leftOut?.[0]?.path, "passwords");
});

test("a forged tree with a link and a folder of one name writes nothing through the link", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const outside = tempFolder(t);
  const link = blobOf(repository, outside);
  const inner = git(repository.folder, ["mktree"], {
    input: `100644 blob ${blobOf(repository, "x")}\tpwned\n`,
  });
  commitForged(repository, [
    ["120000", "d", link],
    ["40000", "d", inner],
  ]);
  assert.match(JSON.stringify(await refusal(t, repository)), /twice|absolute/);
  assert.deepEqual(readdirSync(outside), []);
});

test("forged names (.., .git, .GIT/config, a slash) are refused", async t => {
  for (const name of ["..", ".git", "git~1", ".Git", "."]) {
    const repository = makeRepository(t, { files: { "a.txt": "1" } });
    const inner = git(repository.folder, ["mktree"], {
      input: `100644 blob ${blobOf(repository, "x")}\tconfig\n`,
    });
    commitForged(repository, [["40000", name, inner]]);
    assert.match(
      JSON.stringify(await refusal(t, repository)),
      new RegExp(`"path":"${name.replaceAll(".", "\\.")}/config"`),
    );
  }
});

test("a submodule becomes an empty folder, and nothing of it is fetched", async t => {
  const repository = makeRepository(t, {
    files: { ".gitmodules": '[submodule "m"]\n\tpath = m/n\n\turl = ext::sh -c "exit 1"\n' },
  });
  repository.git("update-index", "--add", "--cacheinfo", `160000,${repository.head()},m/n`);
  repository.commitIndex("submodule");
  const root = await headCheckout(openSource(t, repository.url).source);
  assert.deepEqual(readdirSync(path.join(root, "m")), ["n"]);
  assert.deepEqual(readdirSync(path.join(root, "m/n")), []);
});

test("attributes change no byte and run nothing: filter, export-subst, export-ignore, eol, ident, encoding", async t => {
  const proof = path.join(tempFolder(t), "ran");
  const content = "$Format:%H$ $Id$\nline\r\nline\n";
  const attributes =
    "filtered filter=evil\nsubst export-subst\nignored export-ignore\neol text=auto eol=crlf\n" +
    "ident ident\nutf16 working-tree-encoding=UTF-16\nlfs filter=lfs diff=lfs merge=lfs -text\n";
  const repository = makeRepository(t);
  const names = ["filtered", "subst", "ignored", "eol", "ident", "utf16", "lfs"];
  repository.git("config", "filter.evil.clean", "cat");
  // Blobs go in as they are: no attribute takes part on the way in.
  const blob = blobOf(repository, content);
  for (const name of names) repository.git("update-index", "--add", "--cacheinfo", `100644,${blob},${name}`);
  repository.git(
    "update-index",
    "--add",
    "--cacheinfo",
    `100644,${blobOf(repository, attributes)},.gitattributes`,
  );
  repository.commitIndex("attributes");
  git(repository.bare, ["config", "filter.evil.smudge", `touch ${proof}; cat`]);
  const root = await headCheckout(openSource(t, repository.url).source);
  for (const name of names) assert.equal(readFileSync(path.join(root, name), "latin1"), content, name);
  assert.equal(existsSync(proof), false);
});

test("hooks in the tree are files like others", async t => {
  const repository = makeRepository(t, {
    files: { "hooks/post-checkout": "#!/bin/sh\nexit 1\n", "a.txt": "1" },
  });
  const root = await headCheckout(openSource(t, repository.url).source);
  assert.deepEqual(readdirSync(root).sort(), ["a.txt", "hooks"]);
});

test("a branch of the remote that looks like an option cannot be reached, and does no harm to the watched one", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  git(repository.bare, ["update-ref", "refs/heads/--upload-pack=touch", repository.head()]);
  const { source } = openSource(t, repository.url);
  assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  assert.equal(await source.resolve("--upload-pack=touch"), undefined);
});

test("too many files, a file too big, and too much together are refused", async t => {
  const files = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, "0123456789"]));
  const repository = makeRepository(t, { files });
  assert.match(JSON.stringify(await refusal(t, repository, { files: 20 })), /more than 20 files/);
  assert.match(
    JSON.stringify(await refusal(t, repository, { fileBytes: 9 })),
    /"f0".*10 bytes; 9 are allowed/,
  );
  assert.match(
    JSON.stringify(await refusal(t, repository, { totalBytes: 209 })),
    /more than 209 bytes together/,
  );
  valueOf(
    await openSource(t, repository.url, {
      limits: { files: 21, fileBytes: 10, totalBytes: 210 },
    }).source.fetch(never),
  );
});

test("a tree of trees that stands for billions of files is given up at the limit", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  let input = `100644 blob ${blobOf(repository, "boom")}\tf\n`;
  for (let level = 0; level < 10; level++) {
    const tree = git(repository.folder, ["mktree"], { input });
    input = Array.from({ length: 10 }, (_, i) => `040000 tree ${tree}\td${i}\n`).join("");
  }
  const bomb = git(repository.folder, ["mktree"], { input });
  const commit = git(repository.folder, ["commit-tree", "-m", "bomb", bomb]);
  repository.git("push", "--quiet", "--force", "origin", `${commit}:refs/heads/main`);
  assert.match(JSON.stringify(await refusal(t, repository, { files: 5000 })), /more than 5000 files/);
});

test("odd names are kept byte for byte: newlines, quotes, no UTF-8, names that differ in case", async t => {
  const repository = makeRepository(t, {
    files: { "new\nline": "1", 'q"\\uote': "2", A: "3", a: "4", CON: "5" },
  });
  const blob = blobOf(repository, "latin");
  git(repository.folder, ["update-index", "-z", "--index-info"], {
    input: Buffer.from(`100644 blob ${blob}\tcaf\u00e9\0`, "latin1"),
  });
  repository.commitIndex("odd");
  const root = await headCheckout(openSource(t, repository.url).source);
  const names = readdirSync(root, { encoding: "latin1" }).sort();
  assert.deepEqual(names, ["A", "CON", "a", "caf\u00e9", "new\nline", 'q"\\uote'].sort());
});

test("control characters of a refused path do not reach the message", async t => {
  const repository = makeRepository(t, { files: { "\u001b[2Jbig": "0123456789" } });
  assert.equal(((await refusal(t, repository, { fileBytes: 5 })) as { path?: string }).path, "[2Jbig");
});

test("a link inside the tree is kept as it was written", async t => {
  const repository = makeRepository(t, { files: { "d/a.txt": "1" } });
  symlinkSync("./d/../d/a.txt", path.join(repository.folder, "link"));
  repository.commit("link");
  const root = await headCheckout(openSource(t, repository.url).source);
  assert.equal(readlinkSync(path.join(root, "link")), "./d/../d/a.txt");
});
