/** `holdfast rollback`, as a person types it. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { makeStage, type Stage } from "../support/daemon-stage.ts";
import { git, tempFolder } from "../support/git.ts";
import { commitAs, signersFile, sshSigner } from "../support/signers.ts";

const BASIC = {
  "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow }\n',
  "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
  "app/Pulumi.prod.yaml": "{}\n",
};

function estate(sandbox: string, lines: string): string {
  return `import { File, Host } from "holdfast/host";
const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
${lines}
`;
}
const one = (text: string, options = "{}"): string =>
  `new File("one", { host, path: "/one", content: "${text}" }, ${options});`;

interface Scene extends Stage {
  commit(subject: string, lines: string): string;
  /** Syncs; answers the exit code. */
  sync(): Promise<number | null>;
  target(): string;
}

function scene(t: TestContext): Scene {
  const stage = makeStage(t, {
    files: ({ sandbox }) => ({ ...BASIC, "app/index.ts": estate(sandbox, one("first")) }),
  });
  return {
    ...stage,
    commit: (subject, lines) =>
      stage.repository.commit(subject, { "app/index.ts": estate(stage.sandbox, lines) }),
    sync: async () => (await stage.run(["sync"])).code,
    target: () => readFileSync(path.join(stage.sandbox, "one"), "utf8"),
  };
}

const branchHead = ({ repository }: Stage): string => git(repository.bare, ["rev-parse", "main"]);

test("a commit that converged is rolled back with --push, and the next sync brings the old state", async t => {
  const stage = scene(t);
  assert.equal(await stage.sync(), 0);
  stage.commit("worse", one("second"));
  assert.equal(await stage.sync(), 0);
  assert.equal(stage.target(), "second");
  const rolled = await stage.run(["rollback", "app/prod", "--push"]);
  assert.equal(rolled.code, 0, rolled.stderr);
  assert.match(rolled.stdout, /takes app\/prod back to .*: first\nIt reverts one commit:\n {2}.*: worse\n/s);
  assert.match(rolled.stdout, /Its apply: 1 to update/);
  assert.match(rolled.stdout, /apply it: holdfast sync app\/prod/);
  assert.equal(stage.target(), "second");
  assert.equal(await stage.sync(), 0);
  assert.equal(stage.target(), "first");
});

test("through the daemon: patches, JSON, what is protected, and what cannot be done", async t => {
  const stage = scene(t);
  const first = stage.repository.head();
  await stage.serve();
  assert.equal(await stage.sync(), 0);
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await stage.run(["rollback", ...args]);
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(await refusal("app/dev"), /no stack is named app\/dev\nThere are: app\/prod/);
  assert.match(await refusal("app/prod"), /nothing is known to have been deployed before.*\n.*--to COMMIT/);
  assert.match(await refusal("app/prod", "--to", "v1"), /no commit is named v1/);
  assert.match(await refusal("app/prod", "--to", first), /is the newest commit of main/);

  stage.commit("half", 'throw new Error("not yet");');
  const broken = stage.commit("broken", 'throw new Error("no");');
  assert.equal(await stage.sync(), 1);
  const rolled = await stage.run(["rollback", "app/prod"]);
  assert.equal(rolled.code, 0, rolled.stderr);
  assert.match(rolled.stdout, /reverts 2 commits/);
  assert.match(rolled.stdout, /Not pushed.*git am.*--push/s);
  assert.equal(branchHead(stage), broken);
  const patch = readdirSync(stage.base).find(name => name.endsWith(".patch")) ?? "";
  assert.match(patch, /^rollback-app-prod-to-[0-9a-f]{8}\.patch$/);
  stage.repository.git("am", "--quiet", path.join(stage.base, patch));
  stage.repository.git("push", "--quiet", "origin", "main");
  assert.equal(await stage.sync(), 0);
  assert.equal(stage.target(), "first");

  const two = 'new File("two", { host, path: "/two", content: "2" }, { protect: true });';
  const guarded = stage.commit("two", `${one("first")}\n${two}`);
  assert.equal(await stage.sync(), 0);
  const held = await stage.run(["rollback", "app/prod", "--to", first, "--push"]);
  assert.equal(held.code, 1);
  assert.match(held.stdout, /Its plan fails.*two would be deleted .*protected.*Not pushed, because/s);
  assert.equal(branchHead(stage), guarded);

  stage.commit("worse", `${one("worse")}\n${two}`);
  assert.equal(await stage.sync(), 0);
  const done = await stage.json("rollback", "app/prod", "--push");
  assert.equal(done["to"], guarded);
  assert.equal(done["pushed"], true);
  assert.equal(done["commit"], branchHead(stage));
  assert.equal(await stage.sync(), 0);
  assert.equal(stage.target(), "first");
});

test("where commits must be signed, a rollback is signed as the person's Git says, or not pushed", async t => {
  const stage = scene(t);
  const signer = sshSigner(t);
  const home = tempFolder(t);
  const allowed = signersFile(t, `* ${signer.publicKey}`);
  mkdirSync(stage.data, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(stage.data, "settings.yaml"), `allowedSignersFile: ${allowed}\n`);
  const change = { "app/index.ts": estate(stage.sandbox, one("signed")) };
  commitAs(stage.repository, signer, change);
  assert.equal(await stage.sync(), 0);
  const worse = commitAs(stage.repository, signer, { "app/index.ts": estate(stage.sandbox, one("worse")) });
  assert.equal(await stage.sync(), 0);
  const rollBack = (...more: readonly string[]) =>
    stage.run(["rollback", "app/prod", ...more], {
      env: { ...stage.env, GIT_CONFIG_GLOBAL: path.join(home, "gitconfig") },
    });

  const unsigned = await rollBack("--push");
  assert.equal(unsigned.code, 1);
  assert.match(unsigned.stderr, /must be signed with an allowed key, and of this one: it is not signed/);
  assert.match(unsigned.stderr, /user\.signingKey/);
  assert.equal(branchHead(stage), worse);
  assert.match((await rollBack()).stdout, /git am --gpg-sign \S+ && git push/);

  const settings = `[gpg]\n\tformat = ssh\n[user]\n\tsigningKey = ${signer.file}\n`;
  writeFileSync(path.join(home, "gitconfig"), settings);
  const signed = await rollBack("--push");
  assert.equal(signed.code, 0, signed.stderr);
  assert.equal(await stage.sync(), 0);
  assert.equal(stage.target(), "signed");

  const other = settings.replace(signer.file, sshSigner(t).file);
  writeFileSync(path.join(home, "gitconfig"), other);
  const refused = await rollBack("--push", "--to", worse);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not among the allowed signers/);
});
