import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  fixtureIdentities,
  fixtures,
  fixtureKeyFile,
  identitiesFrom,
  readSecrets,
  refusalOf,
  temporaryFolder,
  testKey,
  treeOf,
} from "../../support/secrets.ts";

const readFixture = (name: string): string => readFileSync(path.join(fixtures, name), "utf8");
const secretLine = readFixture("age-key.txt").split("\n")[1] ?? "";

for (const format of ["yaml", "json", "env"]) {
  test(`reads a ${format} file that the sops tool encrypted`, async () => {
    const expected: unknown = JSON.parse(readFixture("all.expected.json"));
    const tree = treeOf(await readSecrets(fixtures, [`all.sops.${format}`], fixtureIdentities()));
    assert.deepEqual({ [format]: tree }, { [format]: (expected as Record<string, unknown>)[format] });
  });
}

test("follows encrypted_regex and mac_only_encrypted", async () => {
  const tree = treeOf(await readSecrets(fixtures, ["regex.sops.yaml"], fixtureIdentities()));
  assert.deepEqual(tree, {
    kind: "Secret",
    metadata: { name: "app" },
    stringData: { password: "hunter22", list: ["a", 1, true] },
  });
});

test("opens a file of several recipients with the key of one", async () => {
  assert.ok((await readSecrets(fixtures, ["two.sops.yaml"], fixtureIdentities())).ok);
});

test("lays later files over earlier ones, maps deeply", async t => {
  const folder = temporaryFolder(t);
  cpSync(path.join(fixtures, "regex.sops.yaml"), path.join(folder, "a.sops.yaml"));
  cpSync(path.join(fixtures, "all.sops.json"), path.join(folder, "b.sops.json"));
  const tree = treeOf(await readSecrets(folder, ["b.sops.json", "a.sops.yaml"], fixtureIdentities()));
  assert.equal(tree["kind"], "Secret");
  assert.equal(tree["z"], 1);
  assert.equal("sops" in tree, false);
});

test("tells the redactor every value that was encrypted, and none that was not", async () => {
  const added: string[] = [];
  await readSecrets(fixtures, ["regex.sops.yaml"], fixtureIdentities(), value => added.push(value));
  assert.deepEqual(added, ["hunter22", "a", "1", "True"]);
});

test("says where it looked for a key", async () => {
  const refusal = refusalOf(await readSecrets(fixtures, ["all.sops.yaml"], identitiesFrom({})));
  for (const place of ["SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "/nonexistent/.config/sops/age/keys.txt"])
    assert.ok(refusal.why.includes(place), refusal.why);
  assert.match(refusal.hint, /holdfast secrets key/);
});

test("names the file's recipients and our public key where ours is not among them", async () => {
  const refusal = refusalOf(await readSecrets(fixtures, ["other.sops.yaml"], fixtureIdentities()));
  const recipients = [...readFixture("other.sops.yaml").matchAll(/age1[0-9a-z]{58}/g)].map(match => match[0]);
  const ours = [...readFixture("all.sops.yaml").matchAll(/age1[0-9a-z]{58}/g)].map(match => match[0]);
  assert.equal(recipients.length, 1);
  for (const name of [...recipients, ...ours]) assert.ok(refusal.why.includes(name), refusal.why);
  assert.equal(refusal.why.includes(secretLine.slice(15)), false);
});

test("takes a key that was put there after the first failure", async t => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "keys.txt");
  const identities = identitiesFrom({ SOPS_AGE_KEY_FILE: file });
  assert.match(refusalOf(await readSecrets(fixtures, ["all.sops.yaml"], identities)).why, /ENOENT/);
  cpSync(fixtureKeyFile, file);
  assert.ok((await readSecrets(fixtures, ["all.sops.yaml"], identities)).ok);
});

interface Tampering {
  readonly name: string;
  readonly file: string;
  readonly change: (text: string) => string;
  readonly why: RegExp;
}

const swapLines = (text: string, a: RegExp, b: RegExp): string => {
  const [first = "", second = ""] = [a, b].map(pattern => pattern.exec(text)?.[1]);
  return text.replace(first, "\0").replace(second, first).replace("\0", second);
};

const tamperings: readonly Tampering[] = [
  {
    name: "a value in the clear",
    file: "all.sops.yaml",
    change: text => text.replace(/^after: .*/m, "after: injected"),
    why: /value at after should be encrypted/,
  },
  {
    name: "a number in the clear",
    file: "all.sops.json",
    change: text => text.replace(/"z": "ENC[^"]*"/, '"z": 1'),
    why: /value at z should be encrypted/,
  },
  {
    name: "values that changed places",
    file: "all.sops.yaml",
    change: text => swapLines(text, /^str: (.*)/m, /^numstr: (.*)/m),
    why: /value at str does not open/,
  },
  {
    name: "list items that changed places",
    file: "regex.sops.yaml",
    change: text => swapLines(text, / - (.*type:str.*)/, / - (.*type:int.*)/),
    why: /mac does not fit/,
  },
  {
    name: "a value that is gone",
    file: "all.sops.yaml",
    change: text => text.replace(/^after: .*\n/m, ""),
    why: /mac does not fit/,
  },
  {
    name: "a value that lies in the clear by rule and was changed",
    file: "all.sops.yaml",
    change: text => text.replace("plain_unencrypted: 12", "plain_unencrypted: 13"),
    why: /mac does not fit/,
  },
  {
    name: "a loosened rule",
    file: "all.sops.yaml",
    change: text => text.replace(/^after: .*/m, "after: injected").replace("_unencrypted\n", "after\n"),
    why: /mac does not fit|should be encrypted/,
  },
  {
    name: "no mac",
    file: "all.sops.yaml",
    change: text => text.replace(/^ {4}mac: .*\n/m, ""),
    why: /no mac/,
  },
  {
    name: "another time of change",
    file: "all.sops.yaml",
    change: text => text.replace(/lastmodified: "2/, 'lastmodified: "3'),
    why: /lastmodified was changed/,
  },
  {
    name: "a mac of the other kind",
    file: "regex.sops.yaml",
    change: text => text.replace("mac_only_encrypted: true", "mac_only_encrypted: false"),
    why: /mac does not fit/,
  },
  {
    name: "a cut wrapped key",
    file: "all.sops.yaml",
    change: text => text.replace(/(BEGIN AGE ENCRYPTED FILE-----\n).*\n/, "$1"),
    why: /wrapped key for us is damaged/,
  },
  { name: "plain text", file: "all.plain.yaml", change: text => text, why: /not encrypted/ },
  {
    name: "a second document",
    file: "all.sops.yaml",
    change: text => `${text}---\nb: 1\n`,
    why: /2 YAML documents/,
  },
  {
    name: "an alias bomb",
    file: "all.sops.yaml",
    change: text => `a0: &a [x, x]\nb0: &b [*a, *a]\n${text}`,
    why: /YAML alias/,
  },
  {
    name: "a key that comes twice",
    file: "all.sops.yaml",
    change: text => `after: x\n${text}`,
    why: /DUPLICATE_KEY/,
  },
  {
    name: "a rule that goes by comments",
    file: "all.sops.yaml",
    change: text => text.replace("unencrypted_suffix", "unencrypted_comment_regex"),
    why: /goes by comments/,
  },
  {
    name: "only a cloud key",
    file: "all.sops.json",
    change: text => text.replace('"age": [', '"kms": ['),
    why: /encrypted with kms and has no age recipient/,
  },
  {
    name: "several key groups",
    file: "all.sops.json",
    change: text => text.replace('"age": [', '"key_groups": [{}, {}], "age": ['),
    why: /2 key groups/,
  },
  {
    name: "too many bytes",
    file: "all.sops.env",
    change: text => text + "#".repeat(5 * 1024 * 1024),
    why: /larger than 5 MiB/,
  },
];

for (const { name, file, change, why } of tamperings) {
  test(`refuses ${name}`, async t => {
    const folder = temporaryFolder(t);
    const before = readFixture(file);
    const after = change(before);
    const target = `x${file.slice(file.indexOf("."))}`;
    writeFileSync(path.join(folder, target), after);
    if (name !== "plain text") assert.notEqual(after, before);
    const added: string[] = [];
    const refusal = refusalOf(
      await readSecrets(folder, [target], fixtureIdentities(), value => added.push(value)),
    );
    assert.equal(refusal.file, target);
    assert.match(refusal.why, why);
    const said = refusal.why + refusal.hint;
    for (const secret of ["ENC[", "hunter22", "injected", secretLine])
      assert.equal(said.includes(secret), false, said);
    assert.deepEqual(added, []);
  });
}

test("reads nothing outside of the repository", async t => {
  const folder = temporaryFolder(t);
  const root = path.join(folder, "root");
  mkdirSync(path.join(root, "dir.sops.yaml"), { recursive: true });
  cpSync(path.join(fixtures, "all.sops.yaml"), path.join(folder, "out.sops.yaml"));
  symlinkSync("../out.sops.yaml", path.join(root, "link.sops.yaml"));
  const why = async (file: string): Promise<string> =>
    refusalOf(await readSecrets(root, [file], fixtureIdentities())).why;
  assert.match(await why("link.sops.yaml"), /outside/);
  assert.match(await why("../out.sops.yaml"), /outside/);
  assert.match(await why(path.join(folder, "out.sops.yaml")), /outside/);
  assert.match(await why("missing.sops.yaml"), /no such file/);
  assert.match(await why("dir.sops.yaml"), /not a plain file/);
});

test("finds keys in every place that sops looks at, several together", async t => {
  const folder = temporaryFolder(t);
  const [a, b, c] = [await testKey(folder, "a"), await testKey(folder, "b"), await testKey(folder, "c")];
  mkdirSync(path.join(folder, "sops/age"), { recursive: true });
  cpSync(c.file, path.join(folder, "sops/age/keys.txt"));
  const env = { SOPS_AGE_KEY: `${a.secret} ${b.secret}`, XDG_CONFIG_HOME: folder };
  const found = await identitiesFrom(env).load();
  assert.deepEqual(
    found.keys.map(key => key.recipient),
    [a, b, c].map(key => key.recipient),
  );
  const command = await identitiesFrom({
    SOPS_AGE_KEY_CMD: `cat '${a.file}'`,
    PATH: process.env["PATH"] ?? "",
  }).load();
  assert.deepEqual(
    command.keys.map(key => key.recipient),
    [a.recipient],
  );
});

test("a damaged key file is named without its content", async () => {
  const found = await identitiesFrom({ SOPS_AGE_KEY: `${secretLine}X` }).load();
  assert.deepEqual(found.keys, []);
  assert.deepEqual(found.problems, ["SOPS_AGE_KEY line 1 is not an age secret key that holdfast can use"]);
});
