/**
 * The rules of docs/revisions.md, by their numbers, against real Git. D is the deployed commit, H the head of the branch
 * on the server; time runs to the right.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { chooseRevision, type RevisionChoice } from "../../../src/engine/revision.ts";
import type { Result } from "../../../src/engine/failure.ts";
import type { Source } from "../../../src/engine/ports/source.ts";
import { git, makeRepository, tempFolder, type TestRepository } from "../../support/git.ts";
import { failureOf, never, openSource, valueOf } from "./open-source.ts";

interface Question {
  readonly deployed?: string;
  readonly acceptedRewrite?: string;
}

/** What the engine does: fetch, ask how the head stands to what is deployed, choose. */
async function choose(source: Source, question: Question = {}): Promise<Result<RevisionChoice>> {
  const fetched = await source.fetch(never);
  if (!fetched.ok) return fetched;
  const head = fetched.value.sha;
  const { deployed, acceptedRewrite } = question;
  return chooseRevision({
    branch: source.branch,
    head,
    ...question,
    ...(deployed === undefined ? {} : { ancestry: await source.ancestry(deployed, head) }),
    ...(acceptedRewrite === undefined
      ? {}
      : { acceptedAncestry: await source.ancestry(acceptedRewrite, head) }),
  });
}

function watched(t: TestContext): { repository: TestRepository; source: Source; first: string } {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  return { repository, source: openSource(t, repository.url).source, first: repository.head() };
}

const rewritten = (deployed: string, head: string): object => ({
  kind: "stalled",
  reason: "history-rewritten",
  deployed,
  head,
});

test("1. first sight: the head is taken", async t => {
  //   A───H
  const { repository, source } = watched(t);
  const head = repository.commit("second", { "a.txt": "2" });
  assert.deepEqual(valueOf(await choose(source)), { sha: head, rule: "first" });
});

test("2. nothing new: the deployed commit stays", async t => {
  //   A───DH
  const { source, first } = watched(t);
  assert.deepEqual(valueOf(await choose(source, { deployed: first })), { sha: first, rule: "unchanged" });
});

test("3. fast-forward: the newest commit is taken, those between are passed over", async t => {
  //   D───x───H
  const { repository, source, first } = watched(t);
  valueOf(await choose(source));
  repository.commit("second", { "a.txt": "2" });
  const head = repository.commit("third", { "a.txt": "3" });
  assert.deepEqual(valueOf(await choose(source, { deployed: first })), { sha: head, rule: "forward" });
});

test("4. merge: forward, whichever parent the deployed commit is", async t => {
  //   D───────M H          A───x───M H
  //    \     /              \     /
  //     x───x                D───┘
  const { repository, source, first } = watched(t);
  repository.git("switch", "--quiet", "--create", "side");
  repository.git("commit", "--quiet", "--allow-empty", "-m", "on the side");
  const side = repository.head();
  repository.git("switch", "--quiet", "main");
  repository.git("merge", "--quiet", "--no-ff", "--no-edit", "side");
  const head = repository.commit("after the merge");
  for (const deployed of [first, side])
    assert.deepEqual(valueOf(await choose(source, { deployed })), { sha: head, rule: "forward" });
});

test("5. revert: a rollback is a commit like others, and goes forward", async t => {
  //   A───D───R H      (R has A's files)
  const { repository, source } = watched(t);
  const bad = repository.commit("bad", { "a.txt": "bad" });
  valueOf(await choose(source));
  const head = repository.revert(bad);
  assert.deepEqual(valueOf(await choose(source, { deployed: bad })), { sha: head, rule: "forward" });
});

test("6. amended or rebased: stalls", async t => {
  //   A───D            (on no branch any more)
  //    \
  //     H
  const { repository, source, first } = watched(t);
  const deployed = repository.commit("second", { "a.txt": "2" });
  valueOf(await choose(source));
  repository.reset(first);
  const head = repository.commit("second, amended", { "a.txt": "3" });
  assert.deepEqual(failureOf(await choose(source, { deployed })), rewritten(deployed, head));
});

test("7. reset to an older commit: stalls, it is no rollback", async t => {
  //   H───x───D
  const { repository, source, first } = watched(t);
  repository.commit("second", { "a.txt": "2" });
  const deployed = repository.commit("third", { "a.txt": "3" });
  valueOf(await choose(source));
  repository.reset(first);
  assert.deepEqual(failureOf(await choose(source, { deployed })), rewritten(deployed, first));
});

test("8. accepted rewrite: the named commit and what is built on it are taken, another rewrite is not", async t => {
  //   A───D
  //   │\
  //   │ H───I          --accept-rewrite H
  //    \
  //     J              rewritten once more
  const { repository, source, first } = watched(t);
  const deployed = repository.commit("second", { "a.txt": "2" });
  valueOf(await choose(source));
  repository.reset(first);
  const accepted = repository.commit("rewritten", { "a.txt": "3" });
  const question = { deployed, acceptedRewrite: accepted };
  assert.deepEqual(valueOf(await choose(source, question)), { sha: accepted, rule: "accepted-rewrite" });
  const above = repository.commit("on top", { "a.txt": "4" });
  assert.deepEqual(valueOf(await choose(source, question)), { sha: above, rule: "accepted-rewrite" });
  repository.reset(first);
  const again = repository.commit("rewritten again", { "a.txt": "5" });
  assert.deepEqual(failureOf(await choose(source, question)), rewritten(deployed, again));
});

test("9. rewritten and pushed back: goes on by itself", async t => {
  //   A───D───H        (main was at x for a while)
  //    \
  //     x
  const { repository, source, first } = watched(t);
  const deployed = repository.commit("second", { "a.txt": "2" });
  repository.reset(first);
  repository.commit("by mistake", { "a.txt": "3" });
  assert.equal(failureOf(await choose(source, { deployed })).reason, "history-rewritten");
  repository.reset(deployed);
  const head = repository.commit("third", { "a.txt": "4" });
  assert.deepEqual(valueOf(await choose(source, { deployed })), { sha: head, rule: "forward" });
});

test("10. vanished branch: stalls; the last head stays known and can be checked out", async t => {
  //   A───D            (no branch `main` on the server)
  const { repository, source, first } = watched(t);
  valueOf(await choose(source));
  git(repository.bare, ["update-ref", "-d", "refs/heads/main"]);
  repository.git("push", "--quiet", "origin", "HEAD:refs/heads/other");
  const missing = { kind: "stalled", reason: "branch-missing", branch: "main" };
  assert.deepEqual(failureOf(await choose(source, { deployed: first })), missing);
  assert.equal((await source.head())?.sha, first);
  assert.ok(valueOf(await source.checkout(first)));
});

test("11. empty repository: stalls as a missing branch, and is never an empty estate", async t => {
  //   (nothing)
  const empty = makeRepository(t);
  const { source } = openSource(t, empty.url);
  assert.deepEqual(failureOf(await choose(source)), {
    kind: "stalled",
    reason: "branch-missing",
    branch: "main",
  });
  const head = empty.commit("first", { "a.txt": "1" });
  assert.deepEqual(valueOf(await choose(source)), { sha: head, rule: "first" });
});

test("12. unrelated history: the repository was replaced, stalls", async t => {
  //   A───D
  //   B───H            (no common commit)
  const { repository, source, first } = watched(t);
  valueOf(await choose(source));
  rmSync(`${repository.folder}/a.txt`);
  repository.git("checkout", "--quiet", "--orphan", "fresh");
  const head = repository.commit("another beginning", { "b.txt": "1" });
  assert.deepEqual(failureOf(await choose(source, { deployed: first })), rewritten(first, head));
});

test("13. unknown base: the deployed commit is nowhere any more (lost data folder), stalls", async t => {
  //   ?…  D            (pruned on the server, the mirror is new)
  //   A───H
  const { source, first } = watched(t);
  const gone = "d".repeat(40);
  assert.deepEqual(failureOf(await choose(source, { deployed: gone })), rewritten(gone, first));
});

test("14. shallow remote: what lies behind its end cannot be proved, stalls; later commits go forward", async t => {
  //   D┄┄┄│x───H       (the server's copy begins at x)
  const { repository, first } = watched(t);
  const second = repository.commit("second", { "a.txt": "2" });
  const head = repository.commit("third", { "a.txt": "3" });
  const shallow = `${tempFolder(t)}/shallow.git`;
  git(repository.folder, ["clone", "--quiet", "--bare", "--depth", "2", repository.url, shallow]);
  const { source } = openSource(t, pathToFileURL(shallow).href);
  assert.deepEqual(failureOf(await choose(source, { deployed: first })), rewritten(first, head));
  assert.deepEqual(valueOf(await choose(source, { deployed: second })), { sha: head, rule: "forward" });
});

test("15. remote out of reach: fetch-failed, nothing is chosen, the deployed commit stays", async t => {
  //   A───D            (no answer)
  const { repository, source, first } = watched(t);
  valueOf(await choose(source));
  rmSync(repository.bare, { recursive: true });
  assert.equal(failureOf(await choose(source, { deployed: first })).reason, "fetch-failed");
  assert.equal((await source.head())?.sha, first);
});

test("16. another branch is watched: the same rule, by the graph and not by the name", async t => {
  //   A───D (main)
  //        \
  //         H (next)
  const { repository, source, first } = watched(t);
  valueOf(await choose(source));
  repository.git("commit", "--quiet", "--allow-empty", "-m", "on next");
  repository.git("push", "--quiet", "origin", "HEAD:refs/heads/next");
  const next = openSource(t, repository.url, { branch: "next" }).source;
  assert.deepEqual(valueOf(await choose(next, { deployed: first })), {
    sha: repository.head(),
    rule: "forward",
  });
});
