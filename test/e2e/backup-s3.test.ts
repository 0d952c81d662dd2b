/** Backups in a real S3 server: made, listed over more than a page, thinned, restored, and refused in its own words. */
import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { createS3Target } from "../../src/backup/s3-target.ts";
import { makeStage, type Json, type Stage } from "../support/daemon-stage.ts";
import { startS3, type S3Server } from "../support/s3.ts";
import { testKey } from "../support/secrets.ts";

/** One more than a page of the listing. */
const MANY = 1001;

const program = (sandbox: string): string => `import { File, Host } from "holdfast/host";
const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
new File("a", { host, path: "/a", content: "a\\n" });
`;

function settingsOf(stage: Stage, s3: S3Server, secret: string): string {
  const credentials = path.join(stage.base, "s3-key");
  writeFileSync(credentials, `aws_access_key_id = ${s3.accessKey}\naws_secret_access_key = ${secret}\n`);
  return `backups:
  to: s3://states/prod/it's here
  newest: 2
  days: 0
  store: { endpoint: "${s3.endpoint}", region: ${s3.region}, credentialsFile: ${credentials} }
`;
}

test("backups in a real S3 server come back on an empty machine", async t => {
  const s3 = await startS3();
  if (s3.skip !== false) return t.skip(s3.skip);
  t.after(() => s3.stop());
  await s3.newBucket("states");
  const stage = makeStage(t, {
    files: ({ sandbox }) => ({
      "holdfast.yaml": 'stacks:\n  "*": { interval: 1h, drift: { every: 1h } }\n',
      "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
      "app/Pulumi.prod.yaml": "{}\n",
      "app/index.ts": program(sandbox),
    }),
  });
  const key = await testKey(stage.base, "age-key.txt");
  const settings = path.join(stage.data, "settings.yaml");
  const run = async (...args: readonly string[]) => stage.run(args, { env: { SOPS_AGE_KEY_FILE: key.file } });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  await ok("sync", "--first");
  writeFileSync(settings, settingsOf(stage, s3, s3.secretKey));
  const objects = (): string[] => readdirSync(path.join(s3.folder, "states/prod/it's here"));
  for (let count = 0; count < 3; count++) await ok("backup");
  assert.equal(objects().length, 2, "the oldest went");
  const listed = JSON.parse(await ok("backup", "list", "--json")) as Json;
  assert.deepEqual([...(listed["backups"] ?? [])].map(({ name }) => String(name)).sort(), objects().sort());

  await t.test("with a wrong key it is refused in the store's words, without the key", async () => {
    writeFileSync(settings, settingsOf(stage, s3, "another-secret"));
    const { code, stderr } = await run("backup");
    assert.equal(code, 1);
    assert.match(stderr, /answered 403 SignatureDoesNotMatch/);
    assert.ok(!stderr.includes("another-secret"));
    assert.match(await ok("status"), /Backups fail/);
    writeFileSync(settings, settingsOf(stage, s3, s3.secretKey).replace("s3://states", "s3://nobodys"));
    assert.match((await run("backup")).stderr, /NoSuchBucket[^]*make the bucket/);
  });

  await t.test("the data folder is lost, and comes back", async () => {
    const text = settingsOf(stage, s3, s3.secretKey);
    rmSync(stage.data, { recursive: true });
    writeFileSync(path.join(stage.base, "settings.yaml"), text);
    const { code, stdout, stderr } = await stage.run(["restore", "s3://states/prod/it's here"], {
      env: { SOPS_AGE_KEY_FILE: key.file, HOLDFAST_SETTINGS: path.join(stage.base, "settings.yaml") },
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /app\/prod +version 1/);
    assert.match(await ok("plan", "app/prod"), /nothing to do/);
  });

  await t.test("more backups than a page are all listed", async () => {
    await s3.newBucket("many");
    const nameOf = (n: number): string =>
      `holdfast-20260102-030405-manual-${n.toString(16).padStart(8, "0")}.tar.zst.age`;
    for (let n = 0; n < MANY; n++) writeFileSync(path.join(s3.folder, "many", nameOf(n)), "x");
    const target = createS3Target({
      bucket: "many",
      prefix: "",
      endpoint: s3.endpoint,
      region: s3.region,
      credentials: async () => ({
        ok: true,
        value: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
      }),
      now: Date.now,
    });
    const all = await target.list();
    assert.equal(all.ok && all.value.length, MANY);
  });
});
