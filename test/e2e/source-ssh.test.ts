/** The watched repository over ssh: a real sshd that runs the real git-upload-pack. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { SshCredentials } from "../../src/source/git-environment.ts";
import { makeRepository, tempFolder, type TestRepository } from "../support/git.ts";
import { failureOf, never, openSource, valueOf } from "../unit/source/open-source.ts";
import { noSshd, startSshd, type Sshd } from "../support/sshd.ts";

let server: Sshd;

before(async () => {
  if (noSshd === false) server = await startSshd();
});
after(() => server?.stop());

const login = (): SshCredentials => ({
  kind: "ssh",
  identityFile: server.identityFile,
  knownHostsFile: server.knownHostsFile,
});

const addressOf = ({ bare }: TestRepository): string =>
  `ssh://${server.user}@127.0.0.1:${server.port}${bare}`;

async function wordsOf(t: TestContext, url: string, credentials: SshCredentials): Promise<string> {
  const { source } = openSource(t, url, { credentials: [credentials] });
  const failure = failureOf(await source.fetch(never));
  assert.equal(failure.reason, "fetch-failed", JSON.stringify(failure));
  return failure.why;
}

test("the repository over ssh", { skip: noSshd }, async t => {
  const repository = makeRepository(t, { files: { "a.txt": "one" } });
  const url = addressOf(repository);

  await t.test("a fetch brings the branch, and the next one what is new", async t => {
    const { source } = openSource(t, url, { credentials: [login()] });
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
    const sha = repository.commit("second", { "a.txt": "two" });
    assert.equal(valueOf(await source.fetch(never)).sha, sha);
    const checkout = valueOf(await source.checkout(sha));
    assert.equal(readFileSync(path.join(checkout.root, "a.txt"), "utf8"), "two");
    checkout.release();
  });

  await t.test("paths with spaces are taken as they are", async t => {
    const folder = tempFolder(t, "holdfast keys' ");
    for (const [from, to] of [
      [server.identityFile, "my key"],
      [server.knownHostsFile, "known hosts"],
    ] as const)
      copyFileSync(from, path.join(folder, to));
    const credentials: SshCredentials = {
      kind: "ssh",
      identityFile: path.join(folder, "my key"),
      knownHostsFile: path.join(folder, "known hosts"),
    };
    const { source } = openSource(t, url, { credentials: [credentials] });
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  });

  await t.test("the key of an agent will do", async t => {
    const socket = path.join(tempFolder(t), "agent");
    const agent = execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" });
    t.after(() => process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1])));
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    execFileSync("ssh-add", ["-q", server.identityFile], { env });
    const credentials: SshCredentials = {
      kind: "ssh",
      agentSocket: socket,
      knownHostsFile: server.knownHostsFile,
    };
    const { source } = openSource(t, url, { credentials: [credentials] });
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  });

  await t.test("a host whose key is not known is refused", async t => {
    const empty = path.join(tempFolder(t), "none");
    writeFileSync(empty, "");
    const why = await wordsOf(t, url, { ...login(), knownHostsFile: empty });
    assert.match(why, /No ED25519 host key is known|Host key verification failed/i);
    assert.match(why, /ssh-keyscan.*knownHostsFile/);
  });

  await t.test("a host with another key than the known one is refused, and said to be", async t => {
    const folder = tempFolder(t);
    const other = path.join(folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const known = path.join(folder, "known");
    writeFileSync(known, `[127.0.0.1]:${server.port} ${readFileSync(`${other}.pub`, "utf8")}`);
    const why = await wordsOf(t, url, { ...login(), knownHostsFile: known });
    assert.match(why, /IDENTIFICATION HAS CHANGED/);
    assert.match(why, /somebody may stand in between/);
    assert.doesNotMatch(why, /@@/);
  });

  await t.test("without an accepted key the message says where to give one", async t => {
    const stranger = path.join(tempFolder(t), "stranger");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", stranger]);
    const why = await wordsOf(t, url, { ...login(), identityFile: stranger });
    assert.match(why, /Permission denied \(publickey/);
    assert.match(why, /identityFile/);
  });

  await t.test("a key that others can read is refused by ssh, and the message says what to do", async t => {
    const open = path.join(tempFolder(t), "open");
    copyFileSync(server.identityFile, open);
    chmodSync(open, 0o644);
    assert.match(await wordsOf(t, url, { ...login(), identityFile: open }), /chmod 600/);
  });

  await t.test("a repository that is not there is named", async t => {
    const why = await wordsOf(t, `${url}-gone`, login());
    assert.match(why, /does not appear to be a git repository.*check the address/);
  });
});

test("a server that goes away while it sends leaves nothing behind", { skip: noSshd }, async t => {
  const own = await startSshd();
  t.after(() => own.stop());
  const big = randomBytes(300_000).toString("hex");
  const repository = makeRepository(t, { files: { big } });
  const folder = tempFolder(t);
  const [broken, forced] = [path.join(folder, "broken"), path.join(folder, "serve")];
  // A third of the pack, and then the connection's own sshd is dead.
  writeFileSync(
    forced,
    `#!/bin/sh\nif [ -e ${broken} ]; then git upload-pack ${repository.bare} | stdbuf -o0 head -c 100000; kill -9 $PPID; exit; fi\nexec git upload-pack ${repository.bare}\n`,
    { mode: 0o755 },
  );
  writeFileSync(broken, "");
  const key = readFileSync(`${own.identityFile}.pub`, "utf8");
  writeFileSync(path.join(own.folder, "authorized"), `command="${forced}" ${key}`);
  const url = `ssh://${own.user}@127.0.0.1:${own.port}${repository.bare}`;
  const credentials: SshCredentials = {
    kind: "ssh",
    identityFile: own.identityFile,
    knownHostsFile: own.knownHostsFile,
  };
  const { source, log } = openSource(t, url, { credentials: [credentials] });

  const failure = failureOf(await source.fetch(never));
  assert.equal(failure.kind, "transient");
  assert.equal(failure.reason, "fetch-failed", JSON.stringify(failure));
  assert.equal(await source.head(), undefined);
  assert.doesNotMatch(log.join(), /made anew/);

  rmSync(broken);
  assert.equal(valueOf(await source.fetch(never)).sha, repository.head());

  await own.stop();
  const refused = failureOf(await source.fetch(never));
  assert.match(JSON.stringify(refused), /Connection refused/);
  assert.equal((await source.head())?.sha, repository.head());
});
