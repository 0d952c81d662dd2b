/** The keys of the state through the real daemon: a folder of before is changed over, and a rotation disturbs no deploy. */
import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { openDatabase } from "../../src/store/database.ts";
import { recordsMigrations } from "../../src/store/records-sqlite.ts";
import { stateMigrations } from "../../src/store/state-schema.ts";
import { filesOf, generations, inTheMiddle, makeStage, until, type Stage } from "../support/daemon-stage.ts";
import type { Files } from "../support/git.ts";
import { pulumiBinary } from "../support/pulumi/stage.ts";

/** As a holdfast of before sealed: version 1, nonce, ciphertext, tag; no key is named. */
function sealedBefore(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(1), nonce, body, cipher.getAuthTag()]);
}

/** A data folder with one stack, whose key state.key opens; answers that key. */
function makeOldFolder({ data }: Stage): Buffer {
  const [master, dataKey] = [randomBytes(32), randomBytes(32)];
  mkdirSync(data, { mode: 0o700 });
  const file = path.join(data, "holdfast.db");
  const before = stateMigrations.filter(({ name }) => !name.startsWith("state-keys"));
  openDatabase(file, [...recordsMigrations, ...before]).close();
  const db = new DatabaseSync(file);
  const insert = "INSERT INTO state_stacks (name, tags, wrapped_key, created_at) VALUES (?, ?, ?, ?)";
  db.prepare(insert).run("app/prod", "{}", sealedBefore(master, dataKey), 7);
  db.close();
  writeFileSync(path.join(data, "state.key"), master, { mode: 0o600 });
  return dataKey;
}

/** The plain CLI of a person who is logged in. */
async function personOf(stage: Stage): Promise<(...args: readonly string[]) => Promise<string>> {
  const { token, stateUrl } = await stage.json("token", "create", "grace");
  const env = {
    PULUMI_HOME: path.join(stage.base, "pulumi-of-grace"),
    PULUMI_BACKEND_URL: String(stateUrl),
    PULUMI_ACCESS_TOKEN: String(token),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return async (...args) => {
    const { code, stdout, stderr } = await stage.runProgram(pulumiBinary, args, env);
    assert.equal(code, 0, stderr);
    return stdout;
  };
}

/** The program of one generation, with a secret in its state. */
function withSecret(place: Parameters<typeof generations>[0]): Files {
  const files = generations(place, 1);
  const program = `${String(files["app/index.ts"])}export const word = pulumi.secret("hush");\n`;
  return { ...files, "app/index.ts": program };
}

test("a data folder of before is changed over by the next start, and what its keys sealed still opens", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  const dataKey = makeOldFolder(stage);
  const file = path.join(stage.data, "state.key");
  const daemon = await stage.serve();
  assert.match(
    daemon.stderr(),
    /state\.key, which opened them before, is not needed any more and is removed/,
  );
  assert.ok(!existsSync(file), "state.key is gone");
  const cwd = path.join(stage.base, "work");
  mkdirSync(cwd);
  writeFileSync(path.join(cwd, "Pulumi.yaml"), "name: app\nruntime: nodejs\n");
  const secure = sealedBefore(dataKey, Buffer.from("hush")).toString("base64");
  writeFileSync(path.join(cwd, "Pulumi.prod.yaml"), `config:\n  app:word:\n    secure: ${secure}\n`);
  const person = await personOf(stage);
  const word = (): Promise<string> => person("config", "get", "word", "--stack", "prod", "--cwd", cwd);
  assert.equal(await word(), "hush\n");
  const rotated = await stage.run(["keys", "rotate"]);
  assert.equal(rotated.code, 0, rotated.stderr);
  assert.equal(await word(), "hush\n", "after a rotation, too");
});

test("`holdfast keys rotate` through the daemon in the middle of a deploy: nothing fails, nothing waits", async t => {
  const stage = makeStage(t, { files: withSecret });
  const daemon = await stage.serve();
  await inTheMiddle(stage, 1);
  for (const args of [["rotate"], ["rotate", "--wrap-only"], ["rotate"]]) {
    const { code, stderr } = await stage.run(["keys", ...args]);
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(stage.files().includes("1-last"), false, "the deploy is still in its middle");
  stage.openGate(1);
  await until("it is deployed", () => /app\/prod converged/.test(daemon.stderr()));
  assert.deepEqual(stage.files(), filesOf(1));
  const { runs } = await stage.json("history");
  assert.deepEqual(
    [...(runs ?? [])].map(run => run["outcome"]),
    ["converged"],
    "one run, which did not fail",
  );
  assert.match((await stage.run(["sync"])).stdout, /nothing to do/);
  const person = await personOf(stage);
  const shown = ["stack", "output", "word", "--show-secrets", "--stack", "organization/app/prod"];
  assert.equal(await person(...shown), "hush\n");
});
