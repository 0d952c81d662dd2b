/** The database by itself gives no secret away; with the age key it opens, before and after rotations. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { createStateControl } from "../../src/backend/state-control.ts";
import { openKeys } from "../../src/commands/wire-keys.ts";
import { openStores } from "../../src/commands/wire-data.ts";
import type { Result } from "../../src/engine/failure.ts";
import type { StateResource } from "../../src/engine/ports/state.ts";
import { systemClock } from "../../src/process/system-clock.ts";
import { parsePlain, sealNew } from "../../src/secrets/secret-file.ts";
import { HOLDFAST } from "../support/daemon-stage.ts";
import { program, project, settings } from "../support/estate.ts";
import { tempFolder } from "../support/git.ts";
import { must, openStage, type PersonsCli, type Stage } from "../support/holdfast.ts";
import { testKey, type TestKey } from "../support/secrets.ts";

/** What must not be found. Quotes and the line break change in JSON. */
const CANARIES = [
  "sops-canary-7f3a91",
  'sops-quoted-"5c2b"-canary\nsecond-line-of-the-canary',
  "made-in-the-program-canary-11d0",
  "in-the-stack-file-canary-e0c4",
];

async function sealedFile(recipient: string): Promise<string> {
  const text = `password: ${JSON.stringify(CANARIES[0])}\nquoted: ${JSON.stringify(CANARIES[1])}\n`;
  const document = parsePlain("secrets/app.sops.yaml", Buffer.from(text));
  assert.ok(document.ok);
  const rule = { recipients: [recipient], rules: {}, macOnlyEncrypted: false };
  const sealed = await sealNew(document.value, rule, new Date());
  assert.ok(sealed.ok);
  return sealed.value.text;
}

/** Far more than it takes; a program that waits so long has found something. */
const PATIENCE_MS = 60_000;

/** Inputs and outputs of resources, outputs of the stack; `gated` ends only when the gate is open. */
const body = (gate: string): string => `const config = new pulumi.Config();
file("plain", config.requireSecret("password"));
file("quoted", config.requireSecret("quoted"));
file("made", pulumi.secret(${JSON.stringify(CANARIES[2])}));
file("stack-file", config.requireSecret("own"));
const patience = Date.now() + ${PATIENCE_MS};
const wait = async () => {
  while (!pulumi.runtime.isDryRun() && !fs.existsSync(${JSON.stringify(gate)})) {
    if (Date.now() > patience) throw new Error("the gate was not opened");
    await new Promise(go => setTimeout(go, 10));
  }
  return "open";
};
file("gated", wait());
export const password = config.requireSecret("password");
export const nested = pulumi.secret({ list: [${JSON.stringify(CANARIES[2])}] });
`;

interface SecretStage {
  readonly stage: Stage;
  readonly key: TestKey;
  readonly gate: string;
}

async function openSecretStage(t: TestContext): Promise<SecretStage> {
  const folder = tempFolder(t);
  const key = await testKey(folder);
  const file = await sealedFile(key.recipient);
  const gates = path.join(folder, "gates");
  mkdirSync(gates, { mode: 0o755 });
  const gate = path.join(gates, "gate");
  const stage = await openStage(t, {
    env: { SOPS_AGE_KEY_FILE: key.file },
    isolation: { folders: [gates] },
    files: box => ({
      ...settings({ "app/*": "{ secrets: [secrets/app.sops.yaml] }" }),
      ...project("app", program(box, body(gate))),
      "secrets/app.sops.yaml": file,
    }),
  });
  return { stage, key, gate };
}

/** With the plain CLI, on a file that is then committed. */
async function setInStackFile(stage: Stage, cli: PersonsCli): Promise<void> {
  writeFileSync(path.join(stage.data, "work", "Pulumi.yaml"), "name: app\nruntime: nodejs\n");
  await cli("stack", "init", "organization/app/dev");
  await cli("config", "set", "--secret", "own", CANARIES[3] ?? "", "--stack", "dev");
  const file = path.join(stage.data, "work", "Pulumi.dev.yaml");
  stage.commit({ "app/Pulumi.dev.yaml": readFileSync(file, "utf8") });
}

/** A text as it may stand in a file: in the clear, in JSON, as base64 at any offset, as hex. */
function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const json = JSON.stringify(text).slice(1, -1);
  const base64 = [0, 1, 2].map(offset =>
    // Without the letters that hold bits of its neighbours.
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(offset === 0 ? 0 : offset + 1, -1),
  );
  const texts = [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    bytes.toString("hex"),
    encodeURIComponent(text),
    ...base64,
  ];
  return texts.map(one => Buffer.from(one));
}

const leaksIn = (bytes: Buffer): readonly string[] =>
  CANARIES.flatMap(canary =>
    formsOf(canary)
      .filter(form => bytes.includes(form))
      .map(form => String(form)),
  );

/** All values of all tables: a text that is longer than a page lies in pieces in the file. */
function contentOf(file: string): Buffer {
  const db = new DatabaseSync(file);
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const rows = tables.flatMap(({ name }) => db.prepare(`SELECT * FROM "${String(name)}"`).all());
    const cells = rows.flatMap(row => Object.values(row));
    return Buffer.concat(
      cells.map(cell => (cell instanceof Uint8Array ? Buffer.from(cell) : Buffer.from(`${String(cell)}\n`))),
    );
  } finally {
    db.close();
  }
}

/** The database as it lies there while holdfast works, and nothing else of the data folder. */
function copyDatabase(t: TestContext, data: string): string {
  const copy = tempFolder(t);
  const files = readdirSync(data).filter(name => name.startsWith("holdfast.db"));
  assert.ok(files.includes("holdfast.db-wal"), files.join());
  for (const name of files) copyFileSync(path.join(data, name), path.join(copy, name));
  return copy;
}

/** How many stored values the stack's newest key sealed, and how many others did. */
async function sealedBy(data: string): Promise<{ readonly newest: number; readonly older: number }> {
  const { store, close } = openStores(data);
  try {
    const stack = (await store.stack("app/dev")) ?? assert.fail("no stack");
    const text = (await store.checkpoint(stack.id))?.text ?? "";
    const ids = [...text.matchAll(/"ciphertext":"([^"]+)"/g)].map(([, sealed = ""]) =>
      Buffer.from(sealed, "base64").subarray(1, 5).toString("hex"),
    );
    const newest = ids.filter(id => id === stack.keyId).length;
    return { newest, older: ids.length - newest };
  } finally {
    close();
  }
}

async function resourcesWith(
  data: string,
  env: NodeJS.ProcessEnv,
): Promise<Result<readonly StateResource[]>> {
  const { store, close } = openStores(data);
  try {
    const keys = await openKeys({ data }, env, store, () => undefined);
    if (!keys.ok) return keys;
    const state = createStateControl({ store, keys: keys.value.wrapper, url: "", clock: systemClock });
    return await state.resources("app/dev", { openSecrets: true });
  } finally {
    close();
  }
}

/** Waits for the file that the run writes; a run that ends before that has failed. */
async function seen(stage: Stage, name: string, running: Promise<unknown>): Promise<void> {
  let ended: unknown;
  void running.then(run => (ended = run));
  while (stage.box.read(name) === undefined && ended === undefined)
    await new Promise(resolve => setTimeout(resolve, 10));
  assert.equal(ended, undefined, JSON.stringify(ended));
}

test("secrets in the database: closed without the age key, open with it, and rotated under a run", async t => {
  const { stage, key, gate } = await openSecretStage(t);
  const cli = await stage.personsCli();
  const nobody = { XDG_CONFIG_HOME: tempFolder(t) };
  const openEverything = async (data: string, file: string): Promise<void> => {
    const text = JSON.stringify(must(await resourcesWith(data, { ...nobody, SOPS_AGE_KEY_FILE: file })));
    for (const canary of CANARIES) assert.ok(text.includes(JSON.stringify(canary).slice(1, -1)), canary);
  };
  await setInStackFile(stage, cli);

  await t.test(
    "new data keys in the middle of an apply: it goes on, and stores with the new key",
    async () => {
      const running = stage.sync("app/dev");
      await seen(stage, "plain", running);
      const rotated = must(await stage.controller().rotateKeys({ to: [], wrapOnly: false, by: "test" }));
      assert.equal(rotated.stacks, 1);
      writeFileSync(gate, "");
      const ended = await running;
      assert.equal(ended.outcome, "converged", JSON.stringify(ended.failure));
      assert.deepEqual(
        ["plain", "quoted", "made", "stack-file"].map(name => stage.box.read(name)),
        CANARIES,
      );
      const { newest, older } = await sealedBy(stage.data);
      assert.ok(newest >= CANARIES.length);
      assert.equal(older, 0);
    },
  );

  await t.test("afterwards old values in Git are read, and nothing is to be done", async () => {
    const again = must(await stage.controller().rotateKeys({ to: [], wrapOnly: false, by: "test" }));
    assert.ok(again.values >= CANARIES.length, JSON.stringify(again));
    const ended = await stage.sync("app/dev");
    assert.equal(ended.outcome, "unchanged", JSON.stringify(ended.failure));
    assert.ok(
      (await cli("stack", "output", "--show-secrets", "--json", "--stack", "dev")).includes(
        CANARIES[0] ?? "-",
      ),
    );
  });

  const copy = copyDatabase(t, stage.data);
  await t.test("a copy of the database holds no secret, and does not open", async () => {
    for (const name of readdirSync(copy))
      assert.deepEqual(leaksIn(readFileSync(path.join(copy, name))), [], name);
    const content = contentOf(path.join(copy, "holdfast.db"));
    assert.ok(content.includes("ciphertext"), "the state is in it");
    assert.deepEqual(leaksIn(content), []);
    const closed = await resourcesWith(copy, nobody);
    assert.ok(!closed.ok && closed.failure.reason === "key-missing", JSON.stringify(closed));
    assert.ok(closed.failure.why.includes(key.recipient));
    assert.ok(!existsSync(path.join(copy, "age-key.txt")), "a key was made over old state");
  });

  await t.test("with the age key it opens", () => openEverything(copy, key.file));

  await t.test("after a change of identity only the new one opens it", async () => {
    const next = await testKey(tempFolder(t), "next.txt");
    const { controller, data } = stage;
    const refused = await controller().rotateKeys({ to: [next.recipient], wrapOnly: false, by: "test" });
    assert.ok(!refused.ok);
    writeFileSync(key.file, `${key.secret}\n${next.secret}\n`);
    must(await controller().rotateKeys({ to: [next.recipient], wrapOnly: false, by: "test" }));
    writeFileSync(path.join(path.dirname(key.file), "old.txt"), key.secret);
    const later = copyDatabase(t, data);
    const closed = await resourcesWith(later, {
      ...nobody,
      SOPS_AGE_KEY_FILE: path.join(path.dirname(key.file), "old.txt"),
    });
    assert.ok(!closed.ok && JSON.stringify(closed).includes(next.recipient));
    await openEverything(later, next.file);
    const ended = await stage.sync("app/dev");
    assert.equal(ended.outcome, "unchanged", JSON.stringify(ended.failure));
  });

  await t.test("the search finds what is there", () => {
    for (const canary of CANARIES)
      for (const form of formsOf(canary))
        assert.ok(leaksIn(Buffer.concat([Buffer.from("xy"), form])).length > 0);
    for (const lead of ["", "a", "ab"]) {
      const inside = Buffer.from(`${lead}${CANARIES[0]}tail`).toString("base64");
      assert.ok(leaksIn(Buffer.from(inside)).length > 0, lead);
    }
  });
});

const STACKS = 120;

/** A data folder with many stacks, each with a value that its first key sealed. */
async function manyStacks(data: string, env: NodeJS.ProcessEnv): Promise<ReadonlyMap<string, string>> {
  const { store, close } = openStores(data);
  try {
    const { wrapper } = must(await openKeys({ data }, env, store, () => undefined));
    const state = createStateControl({ store, keys: wrapper, url: "", clock: systemClock });
    const sealed = new Map<string, string>();
    for (let n = 0; n < STACKS; n++) {
      const name = `app/s${n}`;
      must(await state.ensureStack(name));
      sealed.set(name, (await state.encrypt(name, [name]))[0] ?? "");
    }
    return sealed;
  } finally {
    close();
  }
}

async function openAll(
  data: string,
  env: NodeJS.ProcessEnv,
  sealed: ReadonlyMap<string, string>,
): Promise<number> {
  const { store, close } = openStores(data);
  try {
    const { wrapper, ring } = must(await openKeys({ data }, env, store, () => undefined));
    await ring.resume();
    const state = createStateControl({ store, keys: wrapper, url: "", clock: systemClock });
    for (const [name, text] of sealed) assert.deepEqual(await state.decrypt(name, [text]), [name]);
    const keys = await store.allKeys();
    assert.ok(keys.every(({ pending }) => !pending));
    return keys.length;
  } finally {
    close();
  }
}

test("`holdfast keys rotate` that is killed at any point leaves keys that open", async t => {
  const folder = tempFolder(t);
  const data = path.join(folder, "data");
  mkdirSync(data);
  const { file } = await testKey(folder);
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, HOLDFAST_DATA: data, SOPS_AGE_KEY_FILE: file };
  const sealed = await manyStacks(data, env);
  /** Ends it with SIGKILL as soon as it says this. */
  const killAt = (words: RegExp): Promise<NodeJS.Signals | null> => {
    const child = spawn(HOLDFAST, ["keys", "rotate", "--verbose"], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (words.test(said)) child.kill("SIGKILL");
    });
    return new Promise(resolve => child.once("exit", (_, signal) => resolve(signal)));
  };
  assert.equal(await killAt(/wrapped 100 of 120 keys/), "SIGKILL");
  assert.equal(await openAll(data, env, sealed), STACKS, "nothing was written yet");
  assert.equal(await killAt(/keys are wrapped/), "SIGKILL");
  assert.equal(await openAll(data, env, sealed), 2 * STACKS, "each stack has a new key and its old one");
});
