/** import-state and export-state: a stack moves from one machine to the next through Pulumi's own backends, verified each time. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { run } from "../../src/process/run.ts";
import { makeStage, type Ended, type Json, type Stage } from "../support/daemon-stage.ts";
import { schemaErrors } from "../support/json-schema.ts";
import { noPostgres, startPostgres } from "../support/postgres.ts";
import { pulumiBinary } from "../support/pulumi/stage.ts";
import { startS3 } from "../support/s3.ts";

const PASSPHRASE = "correct horse battery staple";
const SECRET = "hush-it-is-a-secret-9317";

const program = (sandbox: string): string => `import * as pulumi from "@pulumi/pulumi";
import { File, Host } from "holdfast/host";

const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
class Site extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Site", name);
    new File("page", { host, path: "/page", content: "page\\n" }, { parent: this });
    new File("kept", { host, path: "/kept", content: "kept\\n" }, { parent: this, protect: true });
  }
}
new Site("site");
const word = pulumi.secret(${JSON.stringify(SECRET)});
new File("word", { host, path: "/word", content: word });
export const secretWord = word;
`;

const docs = path.resolve(import.meta.dirname, "../../docs");

type Env = Readonly<Record<string, string>>;
type Machine = (...args: readonly string[]) => Promise<Ended>;

/** A data folder of its own, as on another machine. */
const machineOf =
  (stage: Stage, name: string, env: Env = {}): Machine =>
  (...args) =>
    stage.run(args, {
      env: { PULUMI_CONFIG_PASSPHRASE: PASSPHRASE, HOLDFAST_DATA: path.join(stage.base, name), ...env },
    });

const said = ({ stdout, stderr }: Ended): string => stdout + stderr;

function succeeded(ended: Ended, pattern: RegExp): void {
  assert.equal(ended.code, 0, said(ended));
  assert.match(ended.stdout, pattern);
}

async function plainCli(stage: Stage, url: string, args: readonly string[], env: Env): Promise<string> {
  const home = path.join(stage.base, "plain");
  const own = {
    PATH: "/usr/bin:/bin",
    HOME: stage.base,
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const place = { PULUMI_BACKEND_URL: url, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE };
  const options = { cwd: stage.base, env: { ...own, ...place, ...env }, deadlineMs: 120_000 };
  const ended = await run(
    pulumiBinary,
    [...args, "--non-interactive", "--stack=organization/app/prod"],
    options,
  );
  assert.equal(ended.code, 0, ended.stderr.toString());
  return ended.stdout.toString();
}

const filesIn = (folder: string): readonly (readonly [string, number, string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
    .map(file => [file, statSync(file).mtimeMs, readFileSync(file, "latin1")] as const)
    .sort();

/** Out to a backend, and what is there seen by the plain CLI. */
async function moveOut(stage: Stage, from: Machine, url: string, env: Env): Promise<void> {
  succeeded(await from("export-state", "app/prod", "--to", url), /app\/prod is in [^]*No changes/);
  const exported = await plainCli(stage, url, ["stack", "export"], env);
  assert.match(exported, /"type": "passphrase"/);
  assert.ok(!exported.includes(SECRET), "the secret is in the clear there");
  assert.match(await plainCli(stage, url, ["stack", "output", "--show-secrets"], env), new RegExp(SECRET));
}

/** All that the program made is in the state, as it was. */
async function isWhole(machine: Machine): Promise<void> {
  const { stdout } = await machine("export-state", "app/prod");
  assert.ok(!stdout.includes(SECRET), "the secret is in the clear here");
  const state = JSON.parse(stdout) as Json;
  const resources = [...(state["deployment"]?.["resources"] ?? [])];
  const kept = resources.find(({ urn }) => urn?.endsWith("test:index:Site$holdfast:host:File::kept"));
  assert.ok(kept?.["protect"], "the protected resource");
  assert.match(JSON.stringify(resources[0]?.["outputs"]), /secretWord.*ciphertext/);
  assert.equal(state["deployment"]?.["secrets_providers"]?.["type"], "service");
}

/** A backend from before projects: stacks have no project's folder, and nothing says the layout's version. */
function makeLegacy(folder: string): void {
  const stacks = path.join(folder, ".pulumi/stacks");
  renameSync(path.join(stacks, "app/prod.json"), path.join(stacks, "prod.json"));
  rmSync(path.join(stacks, "app"), { recursive: true });
  rmSync(path.join(folder, ".pulumi/meta.yaml"));
}

function folderBackend(stage: Stage): string {
  const folder = path.join(stage.base, "backend");
  mkdirSync(folder);
  return folder;
}

async function s3Backend(t: TestContext): Promise<{ url: string; env: Env } | string> {
  const s3 = await startS3();
  if (s3.skip !== false) return s3.skip;
  t.after(() => s3.stop());
  await s3.newBucket("states");
  const query = `region=${s3.region}&endpoint=127.0.0.1:${s3.port}&disableSSL=true&s3ForcePathStyle=true`;
  const env = { AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey };
  return { url: `s3://states/team?${query}`, env };
}

test("a stack's state moves out to Pulumi's own backends and in again, and nothing changes on the way", async t => {
  const stage = makeStage(t, {
    files: ({ sandbox }) => ({
      "holdfast.yaml": 'stacks:\n  "*": { interval: 1h, drift: { every: 1h } }\n',
      "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
      "app/Pulumi.prod.yaml": "{}\n",
      "app/index.ts": program(sandbox),
    }),
  });
  const first = machineOf(stage, "first");
  const synced = await first("sync", "--first");
  assert.equal(synced.code, 0, said(synced));
  const folder = folderBackend(stage);
  const url = `file://${folder}`;

  await t.test("a folder: out, and in on a second machine, which only reads it", async () => {
    await moveOut(stage, first, url, {});
    const before = filesIn(folder);
    const second = machineOf(stage, "second");
    const taken = await second("import-state", "app/prod", url);
    succeeded(taken, /app\/prod has its state now: version 1, \d+ resources[^]*No changes[^]*Freeze it now/);
    assert.deepEqual(filesIn(folder), before);
    await isWhole(second);
  });

  await t.test("neither side is written over unasked", async () => {
    const here = await first("import-state", "app/prod", url);
    assert.equal(here.code, 1);
    assert.match(here.stderr, /app\/prod has a state already[^]*--force/);
    const there = await first("export-state", "app/prod", "--to", url);
    assert.equal(there.code, 1);
    assert.match(there.stderr, /has a stack app\/prod already[^]*--force/);
  });

  await t.test("a file, and what changed meanwhile is told and not applied", async inner => {
    const file = path.join(stage.base, "state.json");
    succeeded(await first("export-state", "app/prod", "--to", file), /No changes/);
    assert.ok(!readFileSync(file, "utf8").includes(SECRET));
    assert.equal(statSync(file).mode & 0o077, 0);
    const page = path.join(stage.sandbox, "page");
    writeFileSync(page, "by hand\n");
    inner.after(() => writeFileSync(page, "page\n"));
    const wrong = machineOf(stage, "third", { PULUMI_CONFIG_PASSPHRASE: "wrong" });
    assert.match((await wrong("import-state", "app/prod", file)).stderr, /the passphrase is wrong/);
    const taken = await machineOf(stage, "third")("import-state", "app/prod", file, "--json");
    assert.equal(taken.code, 2, said(taken));
    const document = JSON.parse(taken.stdout) as Json;
    const schema = JSON.parse(
      readFileSync(path.join(docs, "schemas/import-state.schema.json"), "utf8"),
    ) as Json;
    assert.deepEqual(schemaErrors(document, schema, schema), []);
    const [one] = [...(document["stacks"] ?? [])];
    assert.deepEqual([one?.["verdict"], one?.["paused"]], ["differs", true]);
    assert.equal(readFileSync(page, "utf8"), "by hand\n");
  });

  await t.test("all stacks of a folder from before projects", async () => {
    makeLegacy(folder);
    const all = await machineOf(stage, "fourth")("import-state", "--all", url);
    succeeded(all, /app\/prod has its state now[^]*No changes/);
  });

  await t.test("S3", async inner => {
    const place = await s3Backend(inner);
    if (typeof place === "string") return inner.skip(place);
    await moveOut(stage, machineOf(stage, "second", place.env), place.url, place.env);
    const fifth = machineOf(stage, "fifth", place.env);
    succeeded(await fifth("import-state", "app/prod", place.url), /has its state now[^]*No changes/);
  });

  await t.test("PostgreSQL", { skip: noPostgres }, async inner => {
    const postgres = await startPostgres();
    inner.after(() => postgres.stop());
    const env = { PGPASSWORD: postgres.password };
    await moveOut(stage, machineOf(stage, "second", env), postgres.url, env);
    const sixth = machineOf(stage, "sixth", env);
    succeeded(await sixth("import-state", "app/prod", postgres.url), /has its state now[^]*No changes/);
    await isWhole(sixth);
    const refused = await machineOf(stage, "sixth")(
      "import-state",
      "app/prod",
      postgres.url.replace("postgres@", "postgres:guess@"),
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /check the address/);
    assert.ok(!said(refused).includes("guess"), "a password is shown");
  });
});
