/** Backups in a ref of the watched repository: a real Git repository, and the way that holdfast talks to it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createGitTarget, STATE_REF, type SideGit } from "../../../src/backup/git-target.ts";
import { makeBackup } from "../../../src/backup/make.ts";
import { openBackup } from "../../../src/backup/open.ts";
import type { BackupTarget, Outcome } from "../../../src/backup/target.ts";
import { openSideRepository } from "../../../src/source/side-repository.ts";
import { findDamage } from "../../../src/store/integrity.ts";
import { makeRepository, type TestRepository } from "../../support/git.ts";
import { openDataStage, tempFolder } from "./stage.ts";

const KEEP = { newest: 2, days: 0 };

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) assert.fail(outcome.why);
  return outcome.value;
}

function sideGit(t: TestContext, url: string): SideGit {
  const folder = tempFolder(t);
  const options = { url, branch: "main", folder: path.join(folder, "source") };
  const opened = openSideRepository(options, path.join(folder, "side.git"));
  if (!opened.ok) assert.fail(JSON.stringify(opened.failure));
  return opened.value;
}

const targetOf = (t: TestContext, { url }: Pick<TestRepository, "url">): BackupTarget =>
  createGitTarget(sideGit(t, url));
const inRef = (repository: TestRepository, ...args: string[]): string =>
  repository.git("--git-dir", repository.bare, ...args);

test("backups lie in a ref without a history, beside branches that nobody touched", async t => {
  let now = Date.UTC(2026, 10, 1);
  const stage = await openDataStage(t, { now: () => (now += 60_000) });
  const repository = makeRepository(t, { files: { "a.txt": "a" } });
  const before = inRef(repository, "for-each-ref", "refs/heads");
  const target = targetOf(t, repository);
  assert.deepEqual(must(await target.list()), []);
  const names: string[] = [];
  for (let count = 0; count < 3; count++)
    names.push(must(await makeBackup(stage.world, target, "manual", KEEP)).name);
  assert.equal(inRef(repository, "rev-list", "--count", STATE_REF), "1");
  assert.deepEqual(inRef(repository, "ls-tree", "--name-only", STATE_REF).split("\n"), names.slice(1));
  assert.equal(inRef(repository, "for-each-ref", "refs/heads"), before);
  // Another machine, with nothing but the address.
  const elsewhere = targetOf(t, repository);
  assert.deepEqual(
    must(await elsewhere.list()).map(({ name }) => name),
    names.slice(1),
  );
  const [, , name = ""] = names;
  const request = { target: elsewhere, name, cipher: stage.cipher, folder: tempFolder(t) };
  const opened = await openBackup({ ...request, findDamage: file => findDamage(file) });
  assert.equal(must(opened).body.branch, "main");
});

test("what somebody else puts there meanwhile is not lost", async t => {
  const stage = await openDataStage(t);
  const repository = makeRepository(t, { files: { "a.txt": "a" } });
  const git = sideGit(t, repository.url);
  const first = createGitTarget(git);
  const other = targetOf(t, repository);
  const made = must(await makeBackup(stage.world, first, "manual", KEEP));
  const file = path.join(stage.folder, "file");
  writeFileSync(file, "content");
  const theirs = "holdfast-20260102-030405-manual-00000000.tar.zst.age";
  // Between our look and our push they push theirs.
  let pushed = false;
  const racing: SideGit = {
    ...git,
    async remote(args, options) {
      if (!pushed && args("x").includes("push")) {
        pushed = true;
        must(await other.put(theirs, file));
      }
      return git.remote(args, options);
    },
  };
  const ours = "holdfast-20260102-030406-manual-00000001.tar.zst.age";
  must(await createGitTarget(racing).put(ours, file));
  assert.ok(pushed);
  const names = must(await first.list()).map(({ name }) => name);
  assert.deepEqual(names.sort(), [made.name, theirs, ours].sort());
});

test("a repository that cannot be reached, or takes no push, is said in words", async t => {
  const nowhere = targetOf(t, { url: `file://${path.join(tempFolder(t), "nowhere.git")}` });
  const listed = await nowhere.list();
  assert.ok(!listed.ok);
  assert.match(listed.why, /nowhere\.git/);
  const repository = makeRepository(t, { files: { "a.txt": "a" } });
  repository.git("--git-dir", repository.bare, "config", "receive.hideRefs", "refs/holdfast");
  const stage = await openDataStage(t);
  const refused = await makeBackup(stage.world, targetOf(t, repository), "manual", KEEP);
  assert.ok(!refused.ok);
  assert.match(`${refused.why} ${refused.hint}`, /must be allowed to push to refs\/holdfast\//);
});
