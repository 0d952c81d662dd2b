/** The commit that takes a range back, on real repositories. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test, type TestContext } from "node:test";
import { gitPerson } from "../../../src/source/revert-person.ts";
import {
  revertTo,
  type RevertAnswer,
  type Reverted,
  type RevertRequest,
} from "../../../src/source/revert.ts";
import { git, makeRepository, tempFolder, type TestRepository } from "../../support/git.ts";
import { never } from "./open-source.ts";

// Of this file alone, so that what is left behind can be told from what others have in use.
const here = mkdtempSync(path.join(tmpdir(), "holdfast-revert-"));
process.env["TMPDIR"] = here;
after(() => rmSync(here, { recursive: true }));

const person = { name: "Ada Example", email: "ada@example.org" };

function revert(
  t: TestContext,
  url: string,
  request: Partial<RevertRequest> & { readonly to: string },
): Promise<RevertAnswer> {
  const folder = tempFolder(t, "holdfast-source-");
  const wish = { subject: "Roll a/b back", why: "It was better.", person, push: true, ...request };
  return revertTo({ url, branch: "main", folder, deadlineMs: 30_000 }, wish, never);
}

function revertedOf(answer: RevertAnswer): Reverted {
  assert.ok(answer.kind === "reverted", JSON.stringify(answer));
  return answer.value;
}
function refusalOf(answer: RevertAnswer): string {
  assert.ok(answer.kind === "refused", JSON.stringify(answer));
  return `${answer.message}; ${answer.hint}`;
}
const bareHead = (repository: TestRepository): string => git(repository.bare, ["rev-parse", "main"]);
const treeOf = (repository: TestRepository, commit: string): string =>
  git(repository.bare, ["rev-parse", `${commit}^{tree}`]);

test("a range becomes one commit on the head, with the tree of the commit before it", async t => {
  const repository = makeRepository(t, { files: { a: "1\n", "bin/x": new Uint8Array([0, 1, 2]) } });
  const base = repository.head();
  const second = repository.commit("second", { a: "2\n", b: "new\n" });
  const third = repository.commit("third", { a: "3\n", "bin/x": new Uint8Array([3, 0]) });
  const done = revertedOf(await revert(t, repository.url, { to: base }));
  assert.equal(bareHead(repository), done.sha);
  assert.equal(treeOf(repository, done.sha), treeOf(repository, base));
  assert.equal(git(repository.bare, ["rev-parse", `${done.sha}^`]), third);
  assert.deepEqual([...done.paths].sort(), ["a", "b", "bin/x"]);
  const message = git(repository.bare, ["log", "-1", "--format=%an <%ae>%n%B", done.sha]);
  assert.match(message, /^Ada Example <ada@example\.org>\nRoll a\/b back\n\nIt was better\./);
  const third2nd = new RegExp(`commit ${third} \\(Ada Example: third\\).*commit ${second} `, "s");
  assert.match(message, third2nd);
});

test("without a push nothing moves, and the patch does it with git am", async t => {
  const repository = makeRepository(t, { files: { a: "1\n", "bin/x": new Uint8Array([0, 1, 2]) } });
  const base = repository.head();
  const head = repository.commit("second", {
    a: null,
    "bin/x": new Uint8Array([9, 0, 9]),
    "with space": "x\n",
  });
  const done = revertedOf(await revert(t, repository.url, { to: base.slice(0, 10), push: false }));
  assert.equal(bareHead(repository), head);
  const patch = path.join(tempFolder(t), "x.patch");
  writeFileSync(patch, done.patch);
  repository.git("am", "--quiet", patch);
  assert.equal(repository.git("rev-parse", "HEAD^{tree}"), treeOf(repository, base));
});

test("merges are taken back with all that they brought", async t => {
  const repository = makeRepository(t, { files: { a: "1\n" } });
  const base = repository.head();
  repository.git("checkout", "--quiet", "-b", "side");
  repository.git("commit", "--quiet", "--allow-empty", "-m", "empty");
  writeFileSync(path.join(repository.folder, "side"), "s\n");
  repository.git("add", "side");
  repository.git("commit", "--quiet", "-m", "on the side");
  repository.git("checkout", "--quiet", "main");
  repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side");
  repository.git("push", "--quiet", "origin", "main");
  const done = revertedOf(await revert(t, repository.url, { to: base }));
  assert.equal(treeOf(repository, done.sha), treeOf(repository, base));
  assert.deepEqual(
    done.commits.map(({ subject }) => subject),
    ["merge"],
  );
});

test("what cannot be gone back to is said", async t => {
  const repository = makeRepository(t, { files: { a: "1\n" } });
  const first = repository.head();
  const rewritten = repository.commit("gone", { a: "2\n" });
  repository.reset(first);
  const second = repository.commit("second", { a: "3\n" });
  const third = repository.revert(second);
  const refusal = async (to: string): Promise<string> => refusalOf(await revert(t, repository.url, { to }));
  assert.match(await refusal(third), /is the newest commit of main/);
  assert.match(await refusal(first), /main is as it was at .*nothing to take back/);
  assert.match(await refusal(rewritten), /no commit is named|not in the history of main/);
  assert.match(await refusal("v9"), /no commit is named v9.*history/);
  assert.match(await refusal("--all"), /no commit is named --all/);
  assert.equal(bareHead(repository), third);
});

test("a push that is refused says what to do, and moves nothing", async t => {
  const repository = makeRepository(t, { files: { a: "1\n" } });
  const base = repository.head();
  const head = repository.commit("second", { a: "2\n" });
  const checkedOut = refusalOf(await revert(t, repository.folder, { to: base }));
  assert.match(checkedOut, /has this branch checked out.*git am/);
  assert.equal(repository.head(), head);
  writeFileSync(path.join(repository.bare, "hooks", "pre-receive"), "#!/bin/sh\necho no >&2\nexit 1\n", {
    mode: 0o755,
  });
  assert.match(
    refusalOf(await revert(t, repository.url, { to: base })),
    /does not take a push.*merge request/,
  );
  assert.equal(bareHead(repository), head);
});

test("a push in the meantime is not overwritten", async t => {
  const repository = makeRepository(t, { files: { a: "1\n" } });
  const base = repository.head();
  repository.commit("second", { a: "2\n" });
  // The branch moves while our push is under way: its last moment is the server's hook.
  const other = git(repository.bare, ["commit-tree", "-p", "main", "-m", "theirs", `${base}^{tree}`]);
  const hook = `#!/bin/sh\nunset GIT_QUARANTINE_PATH\nprintf %s ${other} > refs/heads/main\n`;
  writeFileSync(path.join(repository.bare, "hooks", "update"), hook, { mode: 0o755 });
  const answer = await revert(t, repository.url, { to: base });
  assert.notEqual(answer.kind, "reverted");
  assert.equal(bareHead(repository), other);
});

test("nothing is left behind", async t => {
  const repository = makeRepository(t, { files: { a: "1\n" } });
  const base = repository.head();
  repository.commit("second", { a: "2\n" });
  revertedOf(await revert(t, repository.url, { to: base, push: false }));
  assert.deepEqual(
    readdirSync(tmpdir()).filter(name => name.startsWith("holdfast-rollback-")),
    [],
  );
});

test("the person is who Git says, or holdfast", async t => {
  const home = tempFolder(t);
  const env = { PATH: process.env["PATH"], HOME: home, GIT_CONFIG_GLOBAL: path.join(home, "config") };
  assert.deepEqual(await gitPerson(home, env), { name: "holdfast", email: "holdfast@localhost" });
  writeFileSync(env.GIT_CONFIG_GLOBAL, "[user]\n\tname = Eve <x>\n\temail = eve@example.org\n");
  assert.deepEqual(await gitPerson(home, env), { name: "Eve x", email: "eve@example.org" });
  const chosen = { ...env, GIT_AUTHOR_NAME: "Mia", GIT_AUTHOR_EMAIL: "mia@example.org" };
  assert.deepEqual(await gitPerson(home, chosen), { name: "Mia", email: "mia@example.org" });
});
