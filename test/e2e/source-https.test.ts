/** The watched repository over https: git's own http-backend behind TLS, with a token and a private authority. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { credentialsOf } from "../../src/commands/wire-data.ts";
import { readDaemonSettings } from "../../src/config/daemon.ts";
import { networkEnvironment } from "../../src/source/remote-access.ts";
import type { Source } from "../../src/engine/ports/source.ts";
import { makeRepository, tempFolder } from "../support/git.ts";
import { noGitHttps, startGitHttps, type GitHttps } from "../support/git-https.ts";
import { failureOf, never, openSource, valueOf } from "../unit/source/open-source.ts";

const TOKEN = "hunter2-%s-token";
const OTHER = "tok-of-another-host";

/** A source as the daemon opens it: from a settings file and its environment. */
async function sourceFrom(
  t: TestContext,
  url: string,
  credentials: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ source: Source; log: readonly string[]; data: string }> {
  const data = tempFolder(t);
  writeFileSync(path.join(data, "good"), `${TOKEN}\n# of the deploy user\n`);
  writeFileSync(path.join(data, "other"), OTHER);
  const lines = credentials.map(one => `  - ${one}\n`).join("");
  writeFileSync(path.join(data, "settings.yaml"), credentials.length > 0 ? `credentials:\n${lines}` : "");
  const input = { flags: { data, repo: url }, env, cwd: data, home: data, uid: 1000, cpus: 2 };
  const settings = valueOf(await readDaemonSettings(input));
  const opened = openSource(t, url, {
    credentials: credentialsOf(settings, env),
    network: networkEnvironment(env),
  });
  return { ...opened, data };
}

async function whyNot(source: Source): Promise<string> {
  const failure = failureOf(await source.fetch(never));
  assert.equal(failure.reason, "fetch-failed", JSON.stringify(failure));
  assert.doesNotMatch(JSON.stringify(failure), /hunter2|tok-of/);
  return failure.why;
}

const passwordsOf = ({ asked }: GitHttps): readonly (string | undefined)[] => [
  ...new Set(asked.map(({ password }) => password)),
];

test("the repository over https", { skip: noGitHttps }, async t => {
  const repository = makeRepository(t, { files: { "a.txt": "one" } });
  const server = await startGitHttps(t, { root: path.dirname(repository.bare), password: TOKEN });
  const host = `localhost:${server.port}`;
  const url = `https://${host}/remote.git`;
  const trusted = { GIT_SSL_CAINFO: server.caFile };
  const good = `{ host: "${host}", username: deploy, tokenFile: good }`;

  await t.test("a token from a file and an authority from the environment let a fetch through", async t => {
    const { source } = await sourceFrom(t, url, [good], trusted);
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
    const sha = repository.commit("second", { "a.txt": "two" });
    assert.equal(valueOf(await source.fetch(never)).sha, sha);
  });

  await t.test("a token that is renewed in its file is used for the next fetch", async t => {
    const { source, data } = await sourceFrom(t, url, [good], trusted);
    writeFileSync(path.join(data, "good"), "hunter2-expired\n");
    assert.match(await whyNot(source), /give a token/);
    writeFileSync(path.join(data, "good"), "");
    assert.match(await whyNot(source), /give a token/, "an empty file is one that is being written");
    writeFileSync(path.join(data, "good"), `${TOKEN}\n`);
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  });

  await t.test("SSL_CERT_FILE says the authority too", async t => {
    const { source } = await sourceFrom(t, url, [good], { SSL_CERT_FILE: server.caFile });
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
  });

  await t.test(
    "an authority that nobody named is not trusted, and the message says how to name it",
    async t => {
      const { source } = await sourceFrom(t, url, [good], {});
      assert.match(await whyNot(source), /certificate.*GIT_SSL_CAINFO/);
    },
  );

  await t.test("of several tokens the one of this host is sent, and no other", async t => {
    server.asked.length = 0;
    const other = `{ host: git.example.org, tokenFile: other }`;
    const otherPort = `{ host: "localhost:1", tokenFile: other }`;
    const { source } = await sourceFrom(t, url, [other, otherPort, good], trusted);
    assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
    assert.deepEqual(passwordsOf(server), [undefined, TOKEN]);
  });

  await t.test("a token that the server refuses is not repeated, and the way out is named", async t => {
    const { source } = await sourceFrom(t, url, [`{ host: "${host}", tokenFile: other }`], trusted);
    assert.match(await whyNot(source), /Authentication failed.*tokenFile/);
  });

  await t.test("a token for another host only is said not to be sent", async t => {
    server.asked.length = 0;
    const { source, log } = await sourceFrom(t, url, [`{ host: git.example.org, tokenFile: good }`], trusted);
    assert.match(await whyNot(source), /could not read Username.*tokenFile/);
    assert.match(log.join(), /is for git\.example\.org and is not sent to localhost/);
    assert.deepEqual(passwordsOf(server), [undefined]);
  });

  await t.test("a redirect to another host is refused, and the token does not go there", async t => {
    const elsewhere = await startGitHttps(t, { root: path.dirname(repository.bare) });
    server.redirectTo = `https://127.0.0.1:${elsewhere.port}`;
    t.after(() => (server.redirectTo = undefined));
    const { source } = await sourceFrom(t, url, [good], trusted);
    assert.match(await whyNot(source), /302.*the server redirects.*curl -sI/);
    assert.deepEqual(elsewhere.asked, []);
  });

  await t.test("a repository that is not there is named", async t => {
    const { source } = await sourceFrom(t, `https://${host}/gone.git`, [good], trusted);
    assert.match(await whyNot(source), /not found.*check the address/);
  });
});
