/** Secrets of the repository reach the program and its target, and no other place. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parsePlain, sealNew } from "../../src/secrets/secret-file.ts";
import { program, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";
import { temporaryFolder, testKey } from "../support/secrets.ts";

const PLAIN = "correct-horse-battery-staple";
const NESTED = "nested-and-never-to-be-seen";
const FOREIGN = "belongs-to-another-namespace";
const ALL = [PLAIN, NESTED, FOREIGN];

async function sealed(recipient: string, text: string): Promise<string> {
  const document = parsePlain("secrets/app.sops.yaml", Buffer.from(text));
  assert.ok(document.ok);
  const rule = { recipients: [recipient], rules: {}, macOnlyEncrypted: false };
  const file = await sealNew(document.value, rule, new Date());
  assert.ok(file.ok);
  return file.value.text;
}

const body = `const config = new pulumi.Config();
file("plain", config.requireSecret("password"));
file("nested", config.requireSecretObject("db").apply(db => db.user + ":" + db.password));
file("foreign", new pulumi.Config("other").requireSecret("token"));
export const password = config.requireSecret("password");
`;
const tells = `${body}
config.requireSecret("password").apply(text => {
  console.log("the password is " + text);
  throw new Error("cannot use " + text + " nor " + Buffer.from(text).toString("base64"));
});
`;

/** All that holds one of the values, as it is or in base64. */
function leaks(texts: Iterable<readonly [string, Buffer]>): readonly string[] {
  const needles = ALL.flatMap(secret => [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")]);
  return [...texts].flatMap(([name, bytes]) =>
    needles.filter(needle => bytes.includes(needle)).map(needle => `${name}: ${needle}`),
  );
}

/** Links are not followed: they lead to packages. */
function* filesBelow(folder: string): Generator<readonly [string, Buffer]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    if (entry.isFile()) yield [file, readFileSync(file)];
  }
}

test("a secret reaches its target and no other place", async t => {
  const folder = temporaryFolder(t);
  const key = await testKey(folder);
  const text = `password: ${PLAIN}\ndb:\n  user: app\n  password: ${NESTED}\nother:token: ${FOREIGN}\n`;
  const file = await sealed(key.recipient, text);
  const stage = await openStage(t, {
    env: { SOPS_AGE_KEY_FILE: key.file },
    files: box => ({
      ...settings({ "app/*": "{ secrets: [secrets/app.sops.yaml] }" }),
      ...project("app", program(box, body)),
      "secrets/app.sops.yaml": file,
    }),
  });
  const { box } = stage;
  const recorded = async (): Promise<readonly (readonly [string, Buffer])[]> => {
    const runs = await stage.controller().runs({});
    const whole = await Promise.all(runs.map(({ id }) => stage.controller().run(id)));
    return [
      ["events", Buffer.from(JSON.stringify(stage.events))],
      ["records", Buffer.from(JSON.stringify(whole))],
      ["state", Buffer.from(JSON.stringify(await stage.controller().exportState("app/dev")))],
    ];
  };

  await t.test("plain, structured and foreign keys become config", async () => {
    const run = await stage.sync("app/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(
      ["plain", "nested", "foreign"].map(name => box.read(name)),
      [PLAIN, `app:${NESTED}`, FOREIGN],
    );
  });

  await t.test("drift of a secret file is put right, and neither value is told", async () => {
    box.write("plain", "somebody else's");
    const run = await stage.sync("app/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.equal(box.read("plain"), PLAIN);
    assert.equal(JSON.stringify(run).includes("somebody else's"), false);
  });

  await t.test("a program that tells its secret is masked", async () => {
    stage.commit({ "app/index.mjs": program(box.folder, tells) });
    const run = await stage.sync("app/dev");
    assert.equal(run.outcome, "failed");
    assert.match(JSON.stringify(run.failure), /cannot use/);
  });

  await t.test("no secret is in events, records or the exported state", async () => {
    assert.deepEqual(leaks(await recorded()), []);
  });

  await t.test("nor in any file of the data folder", async () => {
    await stage.close();
    assert.deepEqual(leaks(filesBelow(stage.data)), []);
  });
});
