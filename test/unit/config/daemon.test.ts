import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { readDaemonSettings, type DaemonInput, type DaemonSettings } from "../../../src/config/daemon.ts";
import { makeTree } from "../../support/tree.ts";
import { lines } from "./reading.ts";

const inputOf = (data: string, more: Partial<DaemonInput> = {}): DaemonInput => ({
  flags: { data },
  env: {},
  cwd: data,
  home: "/home/sam",
  uid: 1000,
  cpus: 4,
  ...more,
});

async function settingsOf(input: DaemonInput): Promise<DaemonSettings> {
  const result = await readDaemonSettings(input);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function problemsOf(input: DaemonInput): Promise<string[]> {
  const result = await readDaemonSettings(input);
  assert.ok(!result.ok && result.failure.reason === "config-invalid", JSON.stringify(result));
  return lines(result.failure.problems);
}

test("without any word the defaults hold", async () => {
  const settings = await settingsOf({ ...inputOf("/nowhere"), flags: {} });
  assert.deepEqual(settings, {
    branch: "main",
    data: "/home/sam/.local/share/holdfast",
    listen: { host: "127.0.0.1", port: 8474 },
    behindProxy: false,
    apiTokenRequired: true,
    credentials: [],
    backups: {
      enabled: true,
      to: "/home/sam/.local/share/holdfast/backups",
      every: 3_600_000,
      newest: 24,
      days: 30,
      required: true,
      store: { region: "us-east-1" },
    },
    parallelism: 4,
    workers: 2,
    isolation: { wish: "auto", network: "outside", plugins: "refuse" },
  });
});

test("root's data folder is the machine's; XDG_DATA_HOME counts for others", async () => {
  const base = { ...inputOf("/nowhere"), flags: {} };
  assert.equal((await settingsOf({ ...base, uid: 0 })).data, "/var/lib/holdfast");
  assert.equal((await settingsOf({ ...base, env: { XDG_DATA_HOME: "/x" } })).data, "/x/holdfast");
});

test("a flag wins over a variable, a variable over the file, setting by setting", async context => {
  const data = makeTree(context, {
    "settings.yaml": "branch: file\nrepo: https://git.example.org/a.git\nworkers: 5\n",
  });
  const env = { HOLDFAST_BRANCH: "variable", HOLDFAST_WORKERS: "3", HOLDFAST_API_TOKEN_REQUIRED: "false" };
  const settings = await settingsOf(inputOf(data, { env, flags: { data, branch: "flag" } }));
  assert.equal(settings.branch, "flag");
  assert.equal(settings.workers, 3);
  assert.equal(settings.repo, "https://git.example.org/a.git");
  assert.equal(settings.apiTokenRequired, false);
});

test("paths count from the settings file, or from where the command runs", async context => {
  const data = makeTree(context, {
    "etc/h.yaml": "hookSecretFile: hook\ncredentials: [{ host: git.example.org, tokenFile: token }]\n",
    "etc/hook": "x",
    "etc/token": "y",
  });
  const settings = await settingsOf(
    inputOf(data, { settingsFile: "etc/h.yaml", flags: { data: "d", repo: "./estate" } }),
  );
  assert.equal(settings.hookSecretFile, path.join(data, "etc", "hook"));
  assert.deepEqual(settings.credentials, [
    { host: "git.example.org", username: "git", tokenFile: path.join(data, "etc", "token") },
  ]);
  assert.equal(settings.repo, path.join(data, "estate"));
  assert.equal(settings.data, path.join(data, "d"));
});

test("repositories over ssh are not taken for paths", async () => {
  for (const repo of ["git@git.example.org:team/estate.git", "ssh://git@git.example.org/estate.git"])
    assert.equal((await settingsOf(inputOf("/nowhere", { flags: { data: "/nowhere", repo } }))).repo, repo);
});

test("problems of flags, variables and file come together, each with its name", async context => {
  const data = makeTree(context, { "settings.yaml": "brnch: x\npublicUrl: here\n" });
  const flags = { data, listen: "8474", repo: "https://sam:secret@git.example.org/a.git" };
  const env = { HOLDFAST_WORKERS: "many", HOLDFAST_BEHIND_PROXY: "perhaps" };
  const file = path.join(data, "settings.yaml");
  const said = await problemsOf(inputOf(data, { flags, env }));
  assert.deepEqual(said, [
    " --repo: not a repository's URL or path, or one with a password in it: put that into credentials",
    " --listen: write ADDRESS:PORT, such as 127.0.0.1:8474",
    " HOLDFAST_BEHIND_PROXY: true or false is wanted here",
    " HOLDFAST_WORKERS: a number is wanted here",
    `${file}:2:12 publicUrl: write a URL with http:// or https://`,
    `${file}:1:1 unknown key "brnch" (did you mean "branch"?)`,
  ]);
  assert.ok(!JSON.stringify(said).includes("secret@"));
});

test("the data folder's own settings cannot move the data folder", async context => {
  const data = makeTree(context, { "settings.yaml": "data: /elsewhere\n" });
  assert.deepEqual(await problemsOf(inputOf(data)), [
    `${data}/settings.yaml data: cannot be set in the data folder itself (use --data or HOLDFAST_DATA)`,
  ]);
});

test("an address that others reach needs a proxy in front", async () => {
  const flags = { data: "/nowhere", listen: "0.0.0.0:80" };
  assert.deepEqual(await problemsOf(inputOf("/nowhere", { flags })), [
    " listen: others reach 0.0.0.0, and holdfast speaks plain HTTP (listen on 127.0.0.1, or put a proxy with TLS in front and set behindProxy)",
  ]);
  const settings = await settingsOf(inputOf("/nowhere", { flags: { ...flags, behindProxy: true } }));
  assert.deepEqual(settings.listen, { host: "0.0.0.0", port: 80 });
  const six = await settingsOf(inputOf("/nowhere", { flags: { listen: "[::1]:0" } }));
  assert.deepEqual(six.listen, { host: "::1", port: 0 });
});

test("files that cannot be read, and two credentials for one host, are said at the start", async context => {
  const data = makeTree(context, {
    "settings.yaml": `hookSecretFile: none
credentials:
  - { host: a.org, tokenFile: none }
  - { host: a.org, username: sam, tokenFile: none }
`,
  });
  assert.deepEqual(await problemsOf(inputOf(data)), [
    " credentials: two for the host a.org",
    `${data}/none hookSecretFile: the file cannot be read`,
    `${data}/none credentials for a.org: the file cannot be read`,
    `${data}/none credentials for a.org: the file cannot be read`,
  ]);
});

test("a settings file that was named must be there", async () => {
  assert.deepEqual(await problemsOf(inputOf("/nowhere", { settingsFile: "/nowhere/s.yaml" })), [
    "/nowhere/s.yaml the settings file cannot be read: ENOENT",
  ]);
});

test("a credential for ssh has a key, the host's key, or both", async context => {
  const files = { key: "k", known: "h", token: "t" };
  const credentials = `credentials:
  - { host: a.example.org, identityFile: key, knownHostsFile: known }
  - { host: "b.example.org:2222", tokenFile: token, knownHostsFile: known }
`;
  const data = makeTree(context, { ...files, "settings.yaml": credentials });
  const settings = await settingsOf(inputOf(data));
  assert.deepEqual(settings.credentials[0], {
    host: "a.example.org",
    username: "git",
    identityFile: path.join(data, "key"),
    knownHostsFile: path.join(data, "known"),
  });
  assert.equal(settings.credentials[1]?.tokenFile, path.join(data, "token"));
  const empty = makeTree(context, { "settings.yaml": "credentials: [{ host: a.example.org }]\n" });
  assert.match((await problemsOf(inputOf(empty))).join(), /give tokenFile \(for https\), or identityFile/);
});

test("keys of signed commits: from a flag, a variable or the file; never from the repository", async context => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
  const data = makeTree(context, { "settings.yaml": "allowedSignersFile: signers\n", signers: "", keys: "" });
  const env = { HOLDFAST_GPG_KEYS: key, HOLDFAST_GPG_KEYS_FILE: "keys" };
  assert.deepEqual((await settingsOf(inputOf(data, { env }))).signers, {
    allowedSignersFile: path.join(data, "signers"),
    gpgKeysFile: path.join(data, "keys"),
    gpgKeys: key,
  });
  assert.equal((await settingsOf(inputOf("/nowhere"))).signers, undefined);
  const off = await settingsOf(inputOf(data, { env: { HOLDFAST_REQUIRE_SIGNATURES: "false" } }));
  assert.deepEqual([off.signers, off.requireSignatures], [undefined, false]);
  const flags = { data, repo: data, revokedSignersFile: "gone" };
  assert.deepEqual(await problemsOf(inputOf(data, { flags })), [
    `${data}/signers allowedSignersFile: the file lies in the watched repository (keep it where those who push cannot change it, such as beside settings.yaml)`,
    `${data}/gone revokedSignersFile: the file cannot be read`,
    `${data}/gone revokedSignersFile: the file lies in the watched repository (keep it where those who push cannot change it, such as beside settings.yaml)`,
  ]);
});

test("signatures that nobody could give are a mistake", async () => {
  const said = (flags: Readonly<Record<string, string | boolean>>): Promise<string[]> =>
    problemsOf(inputOf("/nowhere", { flags: { data: "/nowhere", ...flags } }));
  assert.match((await said({ requireSignatures: true })).join(), /requireSignatures: no keys are given/);
  assert.match((await said({ revokedSignersFile: "/dev/null" })).join(), /without allowedSignersFile/);
  assert.match((await said({ gpgKeys: "x" })).join(), /--gpg-keys: give what `gpg --armor --export KEY`/);
});
