import assert from "node:assert/strict";
import {
  chownSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { git, makeRepository, tempFolder } from "../../support/git.ts";
import { failureOf, never, openSource, valueOf } from "./open-source.ts";

test("a fetch names the branch's head with its author, subject and time, by URL and by path", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const time = Number(repository.git("log", "-1", "--format=%ct")) * 1000;
  const revision = { sha: repository.head(), author: "Ada Example", subject: "first", time };
  for (const url of [repository.url, repository.bare]) {
    const { source } = openSource(t, url);
    assert.equal(await source.head(), undefined);
    assert.deepEqual(valueOf(await source.fetch(never)), revision);
    assert.deepEqual(await source.head(), revision);
  }
});

test("the head is known after a restart without the remote, and a new commit is seen by the next fetch", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source, folder } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const second = repository.commit("second", { "a.txt": "2" });
  assert.equal(valueOf(await source.fetch(never)).sha, second);
  renameSync(repository.bare, `${repository.bare}.away`);
  const restarted = openSource(t, repository.url, { folder }).source;
  assert.equal((await restarted.head())?.sha, second);
  assert.equal(valueOf(await restarted.checkout(second)).revision.subject, "second");
});

test("a remote that vanished is fetch-failed and leaves the last head; it heals by itself", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source } = openSource(t, repository.url);
  const head = valueOf(await source.fetch(never));
  renameSync(repository.bare, `${repository.bare}.away`);
  const failure = failureOf(await source.fetch(never));
  assert.equal(failure.reason, "fetch-failed");
  assert.match(JSON.stringify(failure), /does not appear to be a git repository.*check the address/);
  assert.deepEqual(await source.head(), head);
  renameSync(`${repository.bare}.away`, repository.bare);
  assert.deepEqual(valueOf(await source.fetch(never)), head);
});

test("only the watched branch is fetched: no other branch, no tag", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  repository.git("tag", "v1");
  repository.git("push", "--quiet", "origin", "v1", "HEAD:refs/heads/other");
  const { source, folder } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const mirror = readdirSync(folder).find(name => name.endsWith(".git")) ?? "";
  assert.equal(git(path.join(folder, mirror), ["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
});

test("refs are resolved to commits, and what is no plain name is not", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const second = repository.commit("second", { "a.txt": "2" });
  const { source } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  for (const ref of [second, second.slice(0, 8), "main", "HEAD"])
    assert.equal((await source.resolve(ref))?.sha, second, ref);
  for (const ref of [
    "main~1",
    "@{-1}",
    ":/second",
    "--all",
    "main@{0}",
    "^main",
    "nope",
    "0".repeat(40),
    "",
    "-h",
  ])
    assert.equal(await source.resolve(ref), undefined, ref);
});

test("changed paths come without renames, byte for byte, and are undefined where the base is not known", async t => {
  const repository = makeRepository(t, {
    files: { "a.txt": "long enough to be taken for a rename\n", b: "1" },
  });
  const base = repository.head();
  repository.git("mv", "a.txt", 'ä \n"quoted".txt');
  const head = repository.commit("moved", { b: "2" });
  const { source } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const changed = await source.changedPaths(base, head);
  assert.deepEqual([...(changed ?? [])].sort(), ["a.txt", "b", 'ä \n"quoted".txt'].sort());
  assert.deepEqual(await source.changedPaths(head, head), []);
  assert.equal(await source.changedPaths("1".repeat(40), head), undefined);
  assert.equal(await source.changedPaths("--output=/tmp/x", head), undefined);
});

test("author and subject are made fit for a terminal", async t => {
  const repository = makeRepository(t);
  repository.git("config", "user.name", "ignored");
  const subject = `\u001b]0;owned\u0007\u202eevil ${"x".repeat(5000)}`;
  const env = { GIT_AUTHOR_NAME: "Eve\u001b[31m\u200b" };
  git(repository.folder, ["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", subject], {
    env,
  });
  git(repository.folder, ["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
  const { source } = openSource(t, repository.url);
  const head = valueOf(await source.fetch(never));
  assert.equal(head.author, "Eve [31m");
  assert.match(head.subject, /^\]0;owned evil x+…$/);
  assert.equal([...head.subject].length, 200);
});

test("an abort ends a fetch as aborted, and a deadline as timed-out", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source } = openSource(t, repository.url);
  assert.equal(failureOf(await source.fetch(AbortSignal.abort())).reason, "shutting-down");
  const hasty = openSource(t, repository.url, { deadlineMs: 1 }).source;
  assert.equal(failureOf(await hasty.fetch(never)).reason, "timed-out");
});

test("a branch name that is none, or an option, is refused before git sees it", t => {
  for (const branch of ["--upload-pack=touch /tmp/owned", "-x", "a..b", "main:other"])
    assert.throws(() => openSource(t, "/srv/a.git", { branch }), /config-invalid/);
});

test(
  "a file repository that another user owns is read",
  { skip: process.getuid?.() !== 0 && "needs root" },
  async t => {
    const repository = makeRepository(t, { files: { "a.txt": "1" } });
    const NOBODY = 65534;
    chownSync(repository.bare, NOBODY, NOBODY);
    assert.throws(() => git(repository.folder, ["ls-remote", repository.url]), /dubious ownership/);
    const { source } = openSource(t, repository.url);
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  },
);

test("settings and hooks of a file repository run nothing and change nothing", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const proof = path.join(tempFolder(t), "ran");
  for (const hook of ["post-update", "pre-receive", "post-checkout", "reference-transaction"]) {
    const file = path.join(repository.bare, "hooks", hook);
    writeFileSync(file, `#!/bin/sh\ntouch ${proof}\n`, { mode: 0o755 });
  }
  git(repository.bare, ["config", "uploadpack.packObjectsHook", `touch ${proof};`]);
  git(repository.bare, ["config", "core.fsmonitor", `touch ${proof}`]);
  const { source } = openSource(t, repository.url);
  const head = valueOf(await source.fetch(never));
  valueOf(await source.checkout(head.sha));
  assert.equal(existsSync(proof), false);
});

test("a repository with SHA-256 object ids works as well", async t => {
  const base = tempFolder(t);
  git(base, ["init", "--quiet", "--object-format=sha256", "--initial-branch=main", "."]);
  writeFileSync(path.join(base, "a.txt"), "1");
  git(base, ["add", "a.txt"]);
  git(base, ["commit", "--quiet", "-m", "first"]);
  const { source } = openSource(t, base);
  const head = valueOf(await source.fetch(never));
  assert.equal(head.sha.length, 64);
  const { root } = valueOf(await source.checkout(head.sha));
  assert.equal(readFileSync(path.join(root, "a.txt"), "utf8"), "1");
});

test("two sources on one folder fetch and check out at the same time", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const first = openSource(t, repository.url);
  const second = openSource(t, repository.url, { folder: first.folder });
  for (const content of ["2", "3", "4"]) {
    const sha = repository.commit(content, { "a.txt": content });
    const sources = [first.source, second.source, first.source, second.source];
    const heads = await Promise.all(sources.map(source => source.fetch(never)));
    assert.deepEqual(
      heads.map(head => valueOf(head).sha),
      [sha, sha, sha, sha],
    );
    const checkouts = (await Promise.all(sources.map(source => source.checkout(sha)))).map(valueOf);
    for (const { root } of checkouts) assert.equal(readFileSync(path.join(root, "a.txt"), "utf8"), content);
    checkouts.forEach(checkout => checkout.release());
  }
});

test("another address in the same data folder never sees the first one's history", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source, folder } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const copy = path.join(tempFolder(t), "copy.git");
  cpSync(repository.bare, copy, { recursive: true });
  assert.equal(await openSource(t, copy, { folder }).source.head(), undefined);
});

test("the mirror can be read by its owner only", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const { source, folder } = openSource(t, repository.url);
  valueOf(await source.fetch(never));
  const mirror = readdirSync(folder).find(name => name.endsWith(".git")) ?? "";
  assert.equal(statSync(path.join(folder, mirror)).mode & 0o077, 0);
});
