import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseAddress, type Address } from "../../../src/source/address.ts";
import { remoteEnvironment, type Credentials } from "../../../src/source/git-environment.ts";
import { fetchFailure } from "../../../src/source/git-failure.ts";
import { loginFor, networkEnvironment, sshFor } from "../../../src/source/remote-access.ts";
import { createSource } from "../../../src/source/source.ts";
import { tempFolder } from "../../support/git.ts";

const TOKEN = 'tok\'en "$(id)"%s\\n-hunter2';
const token = { kind: "token", host: "git.example.org", token: TOKEN } as const;
const credentials: readonly Credentials[] = [
  { kind: "token", host: "forge.example.org:8443", token: "another" },
  token,
  { kind: "ssh", identityFile: "/any" },
  { kind: "ssh", host: "git.example.org:2222", identityFile: "/own" },
];

function address(url: string): Address {
  const parsed = parseAddress(url, "/");
  assert.ok(parsed.ok);
  return parsed.address;
}

/** Asks the real git what it would log in with. */
function ask(configured: Address, asked: string): string {
  const login = loginFor(configured, credentials);
  const env = remoteEnvironment("/nonexistent", configured, login ? { login } : {});
  return spawnSync("git", ["credential", "fill"], {
    env,
    input: `url=${asked}\n\n`,
    cwd: "/",
  }).stdout.toString();
}

test("git gets the token for its host, byte by byte, and for no other", () => {
  const configured = address("https://git.example.org/a.git");
  assert.ok(ask(configured, "https://git.example.org/a.git").split("\n").includes(`password=${TOKEN}`));
  assert.equal(ask(configured, "https://elsewhere.example.org/a.git"), "");
  assert.equal(ask(configured, "https://git.example.org:8443/a.git"), "");
  assert.equal(ask(configured, "http://git.example.org/a.git"), "");
});

test("a token does not follow when the URL is changed to another host, and the log says so", t => {
  assert.equal(loginFor(address("https://evil.example.net/a"), credentials), undefined);
  assert.equal(loginFor(address("https://git.example.org.evil.net/a"), credentials), undefined);
  assert.equal(loginFor(address("ssh://git@git.example.org/a"), credentials), undefined);
  const log: string[] = [];
  const url = "https://evil.example.net/a";
  const folder = tempFolder(t);
  assert.ok(createSource({ url, branch: "main", folder, credentials, log: text => void log.push(text) }).ok);
  assert.match(
    log.join(),
    /tokens are for forge\.example\.org:8443, git\.example\.org and are not sent to evil\.example\.net/,
  );
  assert.ok(!log.join().includes("hunter2"));
});

test("of several credentials each goes to its own host", () => {
  const passwordFor = (url: string) => loginFor(address(url), credentials)?.password;
  assert.equal(passwordFor("https://forge.example.org:8443/a"), "another");
  assert.equal(passwordFor("https://forge.example.org/a"), undefined);
  assert.equal(passwordFor("https://GIT.example.org:443/a"), TOKEN);
  const keyFor = (url: string) => sshFor(address(url), credentials)?.identityFile;
  assert.equal(keyFor("ssh://git@git.example.org:2222/a"), "/own");
  assert.equal(keyFor("git@git.example.org:a"), "/any");
  assert.equal(keyFor("https://git.example.org/a"), undefined);
});

test("git gets proxies and trusted certificates of the environment, and nothing else", () => {
  const env = {
    https_proxy: "http://proxy:1",
    SSL_CERT_FILE: "/ca.pem",
    GIT_DIR: "/x",
    GIT_SSL_NO_VERIFY: "1",
  };
  assert.deepEqual(networkEnvironment(env), { https_proxy: "http://proxy:1", GIT_SSL_CAINFO: "/ca.pem" });
  const both = { SSL_CERT_FILE: "/ca.pem", GIT_SSL_CAINFO: "/git.pem", SSL_CERT_DIR: "/certs" };
  assert.deepEqual(networkEnvironment(both), { GIT_SSL_CAINFO: "/git.pem", GIT_SSL_CAPATH: "/certs" });
});

test("no secret stands in a setting's name or value, and ssh asks nothing and checks the host", () => {
  const env = remoteEnvironment("/m", address("https://bob:hunter2@git.example.org/a"), {
    login: { username: "bob", password: "hunter2" },
  });
  const holders = Object.entries(env).filter(([, value]) => value.includes("hunter2"));
  assert.deepEqual(
    holders.map(([key]) => key),
    ["HOLDFAST_GIT_PASSWORD"],
  );
  const ssh = { kind: "ssh", identityFile: "/k/it's here", knownHostsFile: "/k/known hosts" } as const;
  const command = remoteEnvironment("/m", address("git@git.example.org:a"), { ssh })["GIT_SSH_COMMAND"] ?? "";
  const words = spawnSync("sh", ["-c", `printf '%s\\n' ${command}`])
    .stdout.toString()
    .split("\n");
  for (const word of ["BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10", "/k/it's here"])
    assert.ok(words.includes(word), word);
  assert.ok(words.includes('UserKnownHostsFile="/k/known hosts"'));
});

test("a failure repeats no password, whatever the server says", () => {
  const stderr = Buffer.from(
    "remote: hello hunter/2\nremote: https://x:y@evil.example.net/ hunter%2F2\u001b[31m\nfatal: Authentication failed for 'https://bob:hunter/2@h/a'\n",
  );
  const result = {
    code: 128,
    signal: null,
    stdout: Buffer.alloc(0),
    stderr,
    timedOut: false,
    aborted: false,
    truncated: false,
  };
  const failure = fetchFailure(result, {
    url: "https://h/a",
    branch: "main",
    secrets: ["hunter/2"],
    deadlineMs: 1,
  });
  assert.equal(failure.reason, "fetch-failed");
  const text = JSON.stringify(failure);
  assert.ok(!/hunter|x:y|bob:|\\u001b/.test(text), text);
  assert.match(text, /give a token/);
});

test("a token with a line break, which could smuggle a second credential in, is refused", t => {
  const smuggled = [{ ...token, token: "a\nhost=evil" }];
  const url = "https://git.example.org/a";
  const made = createSource({ url, branch: "main", folder: tempFolder(t), credentials: smuggled });
  assert.match(JSON.stringify(made), /config-invalid.*line break/);
});
