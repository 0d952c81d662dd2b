/** Only signed commits are deployed, where the operator gives keys: with the real git and ssh-keygen. */
import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { until } from "../support/daemon-stage.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { must, openStage } from "../support/holdfast.ts";
import { commitAs, signersFile, sshSigner } from "../support/signers.ts";

test("what is not signed by an allowed key is neither run nor deployed, and what is deployed stays", async t => {
  const [ada, bob] = [sshSigner(t), sshSigner(t)];
  const allowedSignersFile = signersFile(t, `ada@example.org ${ada.publicKey}`);
  const revokedSignersFile = signersFile(t, "");
  const stage = await openStage(t, {
    files: box => ({
      ...settings({ "web/*": "{ drift: { every: 1s } }" }),
      ...project("web", fileProgram(box, { a: "one" })),
    }),
    signers: { allowedSignersFile, revokedSignersFile },
  });
  const { repository, box } = stage;
  const web = (content: string) => ({ "web/index.mjs": fileProgram(box.folder, { a: content }) });
  const polled = async (): Promise<string> => {
    const result = await stage.controller().poll();
    if (result.ok) return "ok";
    const { failure } = result;
    return failure.reason === "signature-untrusted"
      ? failure.commits.map(({ sha, why }) => `${sha}: ${why}`).join()
      : JSON.stringify(failure);
  };
  const first = repository.head();

  await t.test("at first sight the head must be signed", async () => {
    assert.equal(await polled(), `${first}: it is not signed`);
    assert.deepEqual((await stage.controller().overview()).stacks, []);
    commitAs(repository, ada, web("signed"));
    assert.equal((await stage.sync("web/dev")).outcome, "converged");
    assert.equal(box.read("a"), "signed");
  });

  let unsigned = "";
  await t.test("an unsigned commit stalls the branch, and its program never runs", async () => {
    const proof = `fs.writeFileSync(${JSON.stringify(`${box.folder}/ran`)}, "");`;
    const evil = fileProgram(box.folder, { a: "unsigned" }, proof);
    unsigned = commitAs(repository, undefined, { "web/index.mjs": evil });
    assert.equal(await polled(), `${unsigned}: it is not signed`);
    const asked = await stage.controller().ask({ stacks: [], mode: "converge", by: "test" });
    assert.ok(!asked.ok && asked.failure.reason === "signature-untrusted");
    const planned = await stage
      .controller()
      .ask({ stacks: ["web/dev"], mode: "plan", revision: unsigned, by: "test" });
    assert.ok(!planned.ok && planned.failure.reason === "signature-untrusted");
    assert.equal(box.read("ran"), undefined);
  });

  await t.test("a signed commit on top of it does not make up for it", async () => {
    commitAs(repository, ada, web("on top"));
    assert.equal(await polled(), `${unsigned}: it is not signed`);
    assert.equal(box.read("a"), "signed");
  });

  await t.test("meanwhile, and after a restart, drift of what is deployed is corrected", async () => {
    box.write("a", "drifted");
    await stage.reopen({ automatic: true });
    assert.equal((await stage.controller().overview()).failure?.reason, "signature-untrusted");
    await until("drift is corrected", () => box.read("a") === "signed");
    await stage.reopen();
  });

  await t.test("signed anew from there on, the branch is taken", async () => {
    repository.git(...ada.settings, "rebase", "--quiet", "--force-rebase", "--gpg-sign", `${unsigned}^`);
    repository.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main");
    assert.equal(await polled(), "ok");
    assert.equal((await stage.sync("web/dev")).outcome, "converged");
    assert.equal(box.read("a"), "on top");
  });

  await t.test("a key that is added counts at the next look, one that is revoked no more", async () => {
    const sha = commitAs(repository, bob, web("bob's"));
    assert.match(await polled(), new RegExp(`^${sha}: .*not among the allowed signers`));
    appendFileSync(allowedSignersFile, `bob@example.org ${bob.publicKey}\n`);
    assert.equal(await polled(), "ok");
    assert.equal((await stage.controller().overview()).head?.sha, sha);
    writeFileSync(revokedSignersFile, `${bob.publicKey}\n`);
    assert.match(await polled(), new RegExp(`^${sha}: .*bob@example.org, which was revoked`));
    const back = (await stage.controller().overview()).head?.sha;
    assert.equal(back, (await stage.status("web/dev")).deployed?.sha);
    assert.equal(box.read("a"), "on top");
  });

  await t.test(
    "of a rewritten history that a person accepts, each commit since the fork counts",
    async () => {
      const fork = repository.git("rev-parse", `${unsigned}^`);
      repository.reset(fork);
      const hole = commitAs(repository, undefined, web("hole"));
      const head = commitAs(repository, ada, web("rewritten"));
      assert.match(await polled(), /history-rewritten/);
      const accepted = await stage.controller().acceptRewrite(head);
      assert.ok(!accepted.ok && accepted.failure.reason === "signature-untrusted");
      assert.deepEqual(
        accepted.failure.commits.map(({ sha }) => sha),
        [hole],
      );
      repository.reset(fork);
      const good = commitAs(repository, ada, web("rewritten"));
      assert.match(await polled(), /history-rewritten/);
      assert.equal(must(await stage.controller().acceptRewrite(good)).sha, good);
      assert.equal((await stage.sync("web/dev")).outcome, "converged");
      assert.equal(box.read("a"), "rewritten");
    },
  );
});
