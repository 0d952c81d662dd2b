/** The real CLI on real backends: a state goes in closed with a passphrase and comes out open, and reading writes nothing. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { openForeignBackend, type ForeignBackend } from "../../../src/pulumi/foreign-backend.ts";
import { parseBackendUrl } from "../../../src/pulumi/foreign-url.ts";
import { newPassphraseKey } from "../../../src/pulumi/passphrase-seal.ts";
import { noPostgres, startPostgres } from "../../support/postgres.ts";
import { pulumiBinary } from "../../support/pulumi/stage.ts";
import { startS3 } from "../../support/s3.ts";

const PASSPHRASE = "correct horse";
const REFERENCE = "organization/web/prod";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** SHA-256 of the version, which the CLI checks. */
const MANIFEST = {
  time: "2026-11-01T00:00:00Z",
  magic: "ab35920a3077459b09dd1a3f7ddc28df4e3efc81b3240013bb6906688abc684d",
  version: "v3.259.0",
};

function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "foreign-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function open(t: TestContext, url: string, env: Readonly<Record<string, string>> = {}): ForeignBackend {
  const address = parseBackendUrl(url, "/");
  assert.ok(address.ok);
  const base = { PATH: "/usr/bin:/bin", HOME: "/nonexistent", PULUMI_CONFIG_PASSPHRASE: PASSPHRASE };
  return openForeignBackend({
    binary: pulumiBinary,
    address: address.value,
    env: { ...base, ...env },
    runDir: scratch(t),
  });
}

async function deployment(): Promise<unknown> {
  const key = await newPassphraseKey(PASSPHRASE);
  const urn = "urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod";
  const outputs = { word: { [SIGNATURE]: SECRET, ciphertext: key.seal('"hush"') } };
  const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
  const manager = { type: "passphrase", state: { salt: key.salt } };
  return { version: 3, deployment: { manifest: MANIFEST, secrets_providers: manager, resources } };
}

function must<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: unknown },
): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function putAndGet(backend: ForeignBackend): Promise<void> {
  assert.deepEqual(must(await backend.stacks()), []);
  must(await backend.create("web", "prod"));
  must(await backend.importState(REFERENCE, await deployment()));
  assert.deepEqual(must(await backend.stacks()), [
    { reference: REFERENCE, project: "web", stack: "prod", resources: 1 },
  ]);
  assert.match(JSON.stringify(must(await backend.exportState(REFERENCE))), /"plaintext":"\\"hush\\""/);
}

test("a folder, also one from before projects", async t => {
  const folder = scratch(t);
  const backend = open(t, `file://${folder}`);
  await backend.stacks();
  assert.deepEqual(readdirSync(folder), [], "reading an empty place marks it");
  await putAndGet(backend);
  const stacks = path.join(folder, ".pulumi/stacks");
  renameSync(path.join(stacks, "web/prod.json"), path.join(stacks, "prod.json"));
  for (const gone of ["stacks/web", "meta.yaml"])
    rmSync(path.join(folder, ".pulumi", gone), { recursive: true });
  assert.deepEqual(must(await backend.stacks()), [{ reference: "prod", stack: "prod", resources: 1 }]);
  assert.match(JSON.stringify(must(await backend.exportState("prod"))), /hush/);
  assert.ok(!readdirSync(path.join(folder, ".pulumi")).includes("meta.yaml"), "reading marks the layout");
});

test("what cannot be read says why: no such stack, no such place, another passphrase", async t => {
  const folder = scratch(t);
  const backend = open(t, `file://${folder}`);
  must(await backend.create("web", "prod"));
  must(await backend.importState(REFERENCE, await deployment()));
  const why = async (asked: Promise<unknown>): Promise<string> => JSON.stringify(await asked);
  assert.match(await why(backend.exportState("organization/web/none")), /no stack named/);
  assert.match(await why(open(t, `file://${folder}/none`).stacks()), /check the address/);
  const other = open(t, `file://${folder}`, { PULUMI_CONFIG_PASSPHRASE: "wrong" });
  assert.match(await why(other.exportState(REFERENCE)), /PULUMI_CONFIG_PASSPHRASE/);
});

test("S3", async t => {
  const s3 = await startS3();
  if (s3.skip !== false) return t.skip(s3.skip);
  t.after(() => s3.stop());
  await s3.newBucket("states");
  mkdirSync(path.join(s3.folder, "states/other"));
  const query = `region=${s3.region}&endpoint=127.0.0.1:${s3.port}&disableSSL=true&s3ForcePathStyle=true`;
  const env = { AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey };
  await putAndGet(open(t, `s3://states/team?${query}`, env));
  assert.ok(readdirSync(path.join(s3.folder, "states/team/.pulumi/stacks/web")).includes("prod.json"));
});

test("PostgreSQL", { skip: noPostgres }, async t => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  await putAndGet(open(t, postgres.url, { PGPASSWORD: postgres.password }));
});
