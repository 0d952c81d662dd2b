import assert from "node:assert/strict";
import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import type { Failure } from "../../../src/engine/failure.ts";
import type { RunConfig } from "../../../src/engine/ports/pulumi.ts";
import type { SecretTree } from "../../../src/engine/ports/secrets.ts";
import { passphraseKeys } from "../../../src/pulumi/passphrase.ts";
import { loadHashKey, writeConfig, type ConfigWriter } from "../../../src/pulumi/write-config.ts";
import { plainStack } from "../../support/pulumi/stage.ts";

const base = mkdtempSync(path.join(tmpdir(), "config-"));
after(() => rmSync(base, { recursive: true }));

const registered: string[] = [];
const writer: ConfigWriter = {
  runDir: path.join(base, "run"),
  redactor: { add: value => void registered.push(value) },
  passphrase: {},
  opener: passphraseKeys(),
  hashKey: Buffer.from("key of the tests"),
};

const encrypt = async (plaintexts: readonly string[]): Promise<readonly string[]> =>
  plaintexts.map(text => `enc(${Buffer.from(text).toString("hex")})`);
const enc = (text: string): unknown => ({ secure: `enc(${Buffer.from(text).toString("hex")})` });

function request(stackFile: string | undefined, secrets: SecretTree = {}) {
  const root = mkdtempSync(path.join(base, "root-"));
  if (stackFile !== undefined) writeFileSync(path.join(root, "Pulumi.dev.yaml"), stackFile);
  const plain = plainStack();
  const settings = { ...plain.settings, secrets: ["secrets/dev.sops.yaml"] };
  const stack = { ...plain, settings, ...(stackFile !== undefined && { stackFile: "Pulumi.dev.yaml" }) };
  return { root, stack, secrets, encrypt };
}

async function written(stackFile: string | undefined, secrets: SecretTree = {}, by = writer) {
  const result = await writeConfig(by, request(stackFile, secrets));
  assert.ok(result.ok, JSON.stringify(result));
  return {
    run: result.value,
    content: parse(readFileSync(result.value.file, "utf8")) as { config: unknown },
  };
}

async function refused(stackFile: string, secrets: SecretTree = {}, by = writer): Promise<Failure> {
  const result = await writeConfig(by, request(stackFile, secrets));
  assert.ok(!result.ok);
  return result.failure;
}

const messages = (failure: Failure): string =>
  failure.reason === "config-invalid"
    ? failure.problems
        .map(({ message, place }) => `${place?.file}:${place?.line}:${place?.column} ${message}`)
        .join("\n")
    : failure.reason;

test("plain values stay, keys without a namespace get the project's", async () => {
  const { content } = await written("config:\n  motd: hello\n  aws:region: eu\n  probe:config:old: 1\n");
  assert.deepEqual(content.config, { "probe:motd": "hello", "aws:region": "eu", "probe:old": 1 });
});

test("secrets are written encrypted, every text in a structure by itself", async () => {
  const { content, run } = await written("config:\n  motd: hello\n", {
    password: "hush-hush",
    "aws:secretKey": "also-hush",
    database: { user: "hush-user", hosts: ["hush-one", "hush-two"] },
  });
  assert.deepEqual(content.config, {
    "probe:motd": "hello",
    "probe:password": enc("hush-hush"),
    "aws:secretKey": enc("also-hush"),
    "probe:database": { user: enc("hush-user"), hosts: [enc("hush-one"), enc("hush-two")] },
  });
  assert.doesNotMatch(readFileSync(run.file, "utf8"), /hush/);
});

test("a structure with numbers or booleans keeps their types: it is encrypted whole, as JSON", async () => {
  const { content } = await written(undefined, { database: { port: 5432, tls: true }, pin: 42, none: null });
  assert.deepEqual(content.config, {
    "probe:database": enc(`{"port":5432,"tls":true}`),
    "probe:pin": enc("42"),
    "probe:none": enc(""),
  });
});

test("the file is for us only, in a folder for us only, and goes when it is disposed of", async () => {
  const { run } = await written("config: {}\n");
  assert.equal(statSync(run.file).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(run.file)).mode & 0o777, 0o700);
  await run.dispose();
  await run.dispose();
  assert.ok(!readdirSync(writer.runDir).includes(path.basename(path.dirname(run.file))));
});

test("the hash follows the values and not the encryption, and tells nothing without its key", async () => {
  const hash = async (file: string, secrets: SecretTree = {}, by = writer): Promise<string> => {
    const { run }: { run: RunConfig } = await written(file, secrets, by);
    return run.hash;
  };
  const one = await hash("config:\n  a: 1\n  b: 2\n", { c: "hush" });
  assert.equal(await hash("config:\n  b: 2\n  a: 1\n", { c: "hush" }), one);
  assert.notEqual(await hash("config:\n  a: 1\n  b: 2\n", { c: "hush!" }), one);
  assert.notEqual(await hash("config:\n  a: 1\n  b: 2\n  c: hush\n"), one);
  assert.notEqual(
    await hash("config:\n  a: 1\n  b: 2\n", { c: "hush" }, { ...writer, hashKey: Buffer.from("x") }),
    one,
  );
});

test("a key in the stack file and in the secrets is refused with both places", async () => {
  const failure = await refused("config:\n  other: 1\n  probe:password: plain\n", { password: "hush" });
  assert.match(messages(failure), /Pulumi\.dev\.yaml:3/);
  assert.match(
    messages(failure),
    /"probe:password" is set twice: in Pulumi\.dev\.yaml:3 and in secrets\/dev\.sops\.yaml/,
  );
});

test("unknown top-level keys are kept, keys of the old encryption are not", async () => {
  const { content } = await written("packages: { x: y }\nencryptionsalt: v1:abc:v1:a:b\nconfig: { a: 1 }\n");
  assert.deepEqual(content, { packages: { x: "y" }, config: { "probe:a": 1 } });
});

test("an ESC environment, a cloud key and Pulumi Cloud's own key are refused with the way out", async () => {
  const secure = "config:\n  a:\n    secure: AAAA\n";
  assert.match(messages(await refused("environment:\n  - prod\n")), /^Pulumi\.dev\.yaml:1:1 .*ESC/);
  assert.match(messages(await refused(`secretsprovider: awskms://alias/x\n${secure}`)), /awskms key/);
  const cloud = await refused(secure);
  assert.match(messages(cloud), /^Pulumi\.dev\.yaml:2:3 .*Pulumi Cloud/);
  assert.ok(cloud.reason === "config-invalid" && cloud.problems[0]?.hint?.includes("holdfast secrets edit"));
});

test("a stack file that is broken, a list, doubled or huge is refused with its place", async () => {
  assert.match(messages(await refused("config:\n  a: [1\n")), /Pulumi\.dev\.yaml:\d+:\d+ /);
  assert.match(messages(await refused("- a\n")), /is not a map/);
  assert.match(messages(await refused("config: {}\n---\nconfig: {}\n")), /more than one/);
  assert.match(messages(await refused(`config:\n  a: ${"x".repeat(1024 * 1024)}\n`)), /larger than/);
});

function sealed(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
}

const salt = randomBytes(8);
const key = pbkdf2Sync("open sesame", salt, 1_000_000, 32, "sha256");
const encryptionSalt = `v1:${salt.toString("base64")}:${sealed(key, "pulumi")}`;
const underPassphrase = `encryptionsalt: ${encryptionSalt}\nconfig:\n  a:\n    secure: ${sealed(key, "old-hush")}\n  list:\n    - plain\n    - secure: ${sealed(key, "listed")}\n`;

test("values under a passphrase are opened with the daemon's, or with the secrets file's, and sealed anew", async () => {
  const expected = { "probe:a": enc("old-hush"), "probe:list": ["plain", enc("listed")] };
  const daemon = { ...writer, passphrase: { passphrase: "open sesame" } };
  assert.deepEqual((await written(underPassphrase, {}, daemon)).content.config, expected);
  const { content } = await written(underPassphrase, { "pulumi:passphrase": "open sesame" });
  assert.deepEqual(content.config, expected);
  assert.ok(registered.includes("old-hush"));
  const file = path.join(base, "passphrase");
  writeFileSync(file, "open sesame\n");
  const fromFile = { ...writer, passphrase: { passphraseFile: file } };
  assert.deepEqual((await written(underPassphrase, {}, fromFile)).content.config, expected);
});

test("without the passphrase, with a wrong one, or with a changed value nothing is written, and the way out is told", async () => {
  const none = await refused(underPassphrase);
  assert.ok(none.reason === "secret-unreadable" && none.hint?.includes("pulumi:passphrase"));
  const wrong = await refused(underPassphrase, { "pulumi:passphrase": "open barley" });
  assert.ok(wrong.reason === "secret-unreadable");
  assert.equal(wrong.why, "the passphrase is wrong");
  const changed = underPassphrase.replace(/(list:[^]*secure: v1:[^:]+:)../, "$1AA");
  const tampered = await refused(changed, { "pulumi:passphrase": "open sesame" });
  assert.ok(tampered.reason === "secret-unreadable" && /changed/.test(tampered.why));
});

test("what the stack's own key closed is opened, and closed again for the run", async () => {
  const own = { ...request("config:\n  token:\n    secure: own(hush-token)\n") };
  const decrypt = async (texts: readonly string[]): Promise<readonly (string | undefined)[]> =>
    texts.map(text => /^own\((.*)\)$/.exec(text)?.[1]);
  const result = await writeConfig(writer, { ...own, decrypt });
  assert.ok(result.ok, JSON.stringify(result));
  const { config } = parse(readFileSync(result.value.file, "utf8")) as { config: unknown };
  assert.deepEqual(config, { "probe:token": enc("hush-token") });
  assert.ok(registered.includes("hush-token"));
});

test("what another service's key closed is refused, with the place", async () => {
  const other = request("config:\n  token:\n    secure: b3RoZXI=\n");
  const result = await writeConfig(writer, { ...other, decrypt: async texts => texts.map(() => undefined) });
  assert.ok(!result.ok);
  assert.match(messages(result.failure), /Pulumi\.dev\.yaml:2:\d+ .*another state service/);
});

test("all that ask for the key of hashes at the same time get the same one, and it stays", async () => {
  for (let round = 0; round < 20; round++) {
    const file = path.join(base, `key-${round}`);
    // Every other time one is there that was cut off when it was made.
    if (round % 2 === 1) writeFileSync(file, "");
    if (round % 2 === 1) await loadHashKey(file);
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadHashKey(file)));
    const all = new Set([...keys, await loadHashKey(file)].map(key => Buffer.from(key).toString("hex")));
    assert.equal(all.size, 1);
    assert.match([...all][0] ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(
      readdirSync(base).filter(name => name.startsWith(`key-${round}.`)),
      [],
    );
  }
});
