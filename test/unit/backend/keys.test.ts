/** Data keys and who opens them: at the start, after rotations, and after a crash at any of their writes. */
import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { generateIdentity, identityToRecipient } from "age-encryption";
import type { StackCipher } from "../../../src/backend/keys.ts";
import type { Failure, Result } from "../../../src/engine/failure.ts";
import type { RotateKeys } from "../../../src/engine/ports/keys.ts";
import type { StateStore } from "../../../src/engine/ports/state-store.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../../src/store/state-sqlite.ts";
import { openKeyStage, type KeyStage, type Started } from "../../support/keys.ts";

function must<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(JSON.stringify(result.failure));
  return result.value;
}

async function ageKey(): Promise<{ secret: string; recipient: string }> {
  const secret = await generateIdentity();
  return { secret, recipient: await identityToRecipient(secret) };
}

const opened = async (stage: KeyStage, ...start: Parameters<KeyStage["start"]>): Promise<Started> =>
  must(await stage.start(...start));

async function refusal(stage: KeyStage, ...start: Parameters<KeyStage["start"]>): Promise<Failure> {
  const started = await stage.start(...start);
  return started.ok ? assert.fail("it started") : started.failure;
}

async function makeStack({ store }: KeyStage, { stackKeys }: Started, name: string): Promise<void> {
  assert.ok(await store.createStack({ name, tags: {}, key: await stackKeys.newKey(), at: 1 }));
}

async function cipherOf({ store }: KeyStage, { stackKeys }: Started, name: string): Promise<StackCipher> {
  const stack = await store.stack(name);
  assert.ok(stack);
  const cipher = await stackKeys.cipher(stack);
  assert.ok(cipher, `${name} has no cipher`);
  return cipher;
}

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** A stored state with one secret value; the version that it has. */
async function storeState(
  { store }: KeyStage,
  name: string,
  cipher: StackCipher,
  text: string,
): Promise<number> {
  const stack = await store.stack(name);
  assert.ok(stack);
  const id = randomBytes(8).toString("hex");
  const update = { id, stackId: stack.id, kind: "update", dryRun: false, who: "ann", createdAt: 1 };
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  await store.startUpdate({ id, tokenHash: randomBytes(32), at: 1, expiresAt: 2 });
  await store.closeUpdate(id, "succeeded");
  const ciphertext = cipher.encrypt(Buffer.from(JSON.stringify(text))).toString("base64");
  const state = {
    version: 3,
    deployment: {
      manifest: {},
      resources: [{ urn: "u", type: "t", outputs: { a: { ...SECRET, ciphertext } } }],
    },
  };
  const checkpoint = { text: JSON.stringify(state), resources: 1 };
  return store.settleUpdate(id, { status: "succeeded", at: 2, checkpoint });
}

async function storedCiphertext({ store }: KeyStage, name: string, version: number): Promise<Buffer> {
  const stack = await store.stack(name);
  const kept = await store.checkpoint(stack?.id ?? 0, version);
  const found = /"ciphertext":"([^"]+)"/.exec(kept?.text ?? "")?.[1];
  assert.ok(found, "no ciphertext is stored");
  return Buffer.from(found, "base64");
}

const ASK: RotateKeys = { to: [], wrapOnly: false, by: "ann" };
const quiet = (): undefined => undefined;

test("every age key that is there at the first start opens new keys, and one of them is enough", async t => {
  const stage = openKeyStage(t);
  const [ann, ben] = [await ageKey(), await ageKey()];
  const first = await opened(stage, [ann.secret, ben.secret]);
  await makeStack(stage, first, "app/dev");
  const sealed = (await cipherOf(stage, first, "app/dev")).encrypt(Buffer.from("hush"));
  assert.deepEqual(first.notes, []);
  for (const { secret } of [ann, ben]) {
    const later = await opened(stage, [secret]);
    assert.equal(String((await cipherOf(stage, later, "app/dev")).decrypt(sealed)), "hush");
  }
  assert.ok(!existsSync(stage.ownFile));
});

test("without any age key the data folder gets one of its own, and says so once", async t => {
  const stage = openKeyStage(t);
  const first = await opened(stage, []);
  assert.match(first.notes.join(), new RegExp(`has one of its own now: ${stage.ownFile}`));
  assert.equal(statSync(stage.ownFile).mode & 0o777, 0o600);
  await makeStack(stage, first, "app/dev");
  const before = readFileSync(stage.ownFile, "utf8");
  const second = await opened(stage, []);
  assert.deepEqual(second.notes, []);
  assert.equal(readFileSync(stage.ownFile, "utf8"), before);
  await cipherOf(stage, second, "app/dev");
});

test("where the key that wrapped is missing, its recipient is named and nothing is changed", async t => {
  const stage = openKeyStage(t);
  const [ann, eve] = [await ageKey(), await ageKey()];
  await makeStack(stage, await opened(stage, [ann.secret]), "app/dev");
  const before = await stage.store.allKeys();
  for (const keys of [[], [eve.secret]]) {
    const failure = await refusal(stage, keys);
    assert.equal(failure.reason, "key-missing");
    assert.ok(JSON.stringify(failure).includes(ann.recipient));
  }
  assert.ok(!existsSync(stage.ownFile), "a key was made over old state");
  assert.deepEqual(await stage.store.allKeys(), before);
  await opened(stage, [ann.secret]);
});

test("recipients of the settings open old keys too; one that is none is refused", async t => {
  const stage = openKeyStage(t);
  const [ann, backup] = [await ageKey(), await ageKey()];
  const first = await opened(stage, [ann.secret]);
  await makeStack(stage, first, "app/dev");
  const sealed = (await cipherOf(stage, first, "app/dev")).encrypt(Buffer.from("hush"));
  assert.equal((await refusal(stage, [ann.secret], { further: ["age1nonsense"] })).reason, "config-invalid");
  const notes = (await opened(stage, [ann.secret], { further: [backup.recipient] })).notes;
  assert.match(notes.join(), /1 data key is encrypted for age1/);
  const restored = await opened(stage, [backup.secret]);
  assert.equal(String((await cipherOf(stage, restored, "app/dev")).decrypt(sealed)), "hush");
});

test("a rotation seals stored values anew; older ciphertexts and other processes go on", async t => {
  const stage = openKeyStage(t);
  const ann = await ageKey();
  const here = await opened(stage, [ann.secret]);
  const elsewhere = await opened(stage, [ann.secret]);
  await makeStack(stage, here, "app/dev");
  const before = await cipherOf(stage, elsewhere, "app/dev");
  const inGit = before.encrypt(Buffer.from("in Git"));
  const versions = [
    await storeState(stage, "app/dev", before, "one"),
    await storeState(stage, "app/dev", before, "two"),
  ];
  for (const stacks of [1, 2, 3]) {
    const rotated = must(await here.ring.rotate(ASK, quiet));
    assert.deepEqual(rotated, { recipients: [ann.recipient], wrapped: stacks, stacks: 1, values: 2 });
  }
  for (const keys of [here, elsewhere]) {
    const after = await cipherOf(stage, keys, "app/dev");
    assert.equal(String(after.decrypt(inGit)), "in Git");
    assert.ok(after.isOld(inGit));
    assert.ok(!after.isOld(after.encrypt(Buffer.from("new"))));
    for (const [index, version] of versions.entries()) {
      const stored = await storedCiphertext(stage, "app/dev", version);
      assert.ok(!after.isOld(stored));
      assert.equal(before.decrypt(stored), undefined);
      assert.equal(String(after.decrypt(stored)), ['"one"', '"two"'][index]);
    }
  }
  assert.ok((await stage.store.allKeys()).every(({ pending }) => !pending));
});

test("another identity: only it opens the keys, and it must be here", async t => {
  const stage = openKeyStage(t);
  const [ann, ben] = [await ageKey(), await ageKey()];
  const first = await opened(stage, [ann.secret]);
  await makeStack(stage, first, "app/dev");
  const sealed = (await cipherOf(stage, first, "app/dev")).encrypt(Buffer.from("hush"));
  const refused = await first.ring.rotate({ ...ASK, to: [ben.recipient] }, quiet);
  assert.match(JSON.stringify(refused), /nobody here could open the state/);
  for (const to of ["age1nonsense", ann.secret]) {
    const wrong = await first.ring.rotate({ ...ASK, to: [to] }, quiet);
    assert.ok(!wrong.ok && !JSON.stringify(wrong).includes(ann.secret));
  }
  const both = await opened(stage, [ann.secret, ben.secret]);
  const rotated = must(await both.ring.rotate({ ...ASK, to: [ben.recipient], wrapOnly: true }, quiet));
  assert.deepEqual(rotated, { recipients: [ben.recipient], wrapped: 1, stacks: 0, values: 0 });
  await makeStack(stage, both, "app/late");
  assert.equal((await refusal(stage, [ann.secret])).reason, "key-missing");
  const later = await opened(stage, [ben.secret]);
  assert.equal(String((await cipherOf(stage, later, "app/dev")).decrypt(sealed)), "hush");
  await cipherOf(stage, later, "app/late");
});

test("a stack that is removed and made again reads what was encrypted for it before", async t => {
  const stage = openKeyStage(t);
  const ann = await ageKey();
  const keys = await opened(stage, [ann.secret]);
  await makeStack(stage, keys, "app/dev");
  const sealed = (await cipherOf(stage, keys, "app/dev")).encrypt(Buffer.from("in Git"));
  await stage.store.removeStack((await stage.store.stack("app/dev"))?.id ?? 0);
  must(await keys.ring.rotate(ASK, quiet));
  await makeStack(stage, keys, "app/other");
  assert.equal((await cipherOf(stage, keys, "app/other")).decrypt(sealed), undefined);
  await makeStack(stage, keys, "app/dev");
  assert.equal(String((await cipherOf(stage, keys, "app/dev")).decrypt(sealed)), "in Git");
});

/** Ends, as a killed process does, before its n-th write. */
function dyingStore(store: StateStore, writes: number): StateStore {
  let left = writes;
  const dying =
    <A extends unknown[], T>(work: (...given: A) => Promise<T>) =>
    async (...given: A): Promise<T> => {
      left -= 1;
      if (left < 0) throw new Error("killed");
      return work(...given);
    };
  return {
    ...store,
    changeKeys: dying(change => store.changeKeys(change)),
    replaceCheckpoint: dying((...given: Parameters<StateStore["replaceCheckpoint"]>) =>
      store.replaceCheckpoint(...given),
    ),
    keysResealed: dying((...given: Parameters<StateStore["keysResealed"]>) => store.keysResealed(...given)),
  };
}

test("a rotation that is killed before any of its writes leaves a state that opens, and is finished by the next start", async t => {
  const stage = openKeyStage(t);
  const [ann, ben] = [await ageKey(), await ageKey()];
  const first = await opened(stage, [ann.secret]);
  const inGit = new Map<string, Buffer>();
  for (const name of ["app/a", "app/b"]) {
    await makeStack(stage, first, name);
    const cipher = await cipherOf(stage, first, name);
    inGit.set(name, cipher.encrypt(Buffer.from(name)));
    await storeState(stage, name, cipher, name);
  }
  let killed = 0;
  for (let writes = 0, alive = false; !alive; writes++) {
    const both = [ann.secret, ben.secret];
    const doomed = await opened(stage, both, { store: dyingStore(stage.store, writes) });
    const to = [writes % 2 === 0 ? ben.recipient : ann.recipient];
    const ended = await doomed.ring.rotate({ ...ASK, to }, quiet).catch(() => undefined);
    alive = ended !== undefined;
    if (!alive) killed += 1;
    const next = await opened(stage, both);
    await next.ring.resume();
    for (const [name, sealed] of inGit) {
      const cipher = await cipherOf(stage, next, name);
      assert.equal(String(cipher.decrypt(sealed)), name);
      const stored = await storedCiphertext(stage, name, 1);
      assert.equal(String(cipher.decrypt(stored)), JSON.stringify(name));
      assert.ok(!cipher.isOld(stored));
    }
    assert.ok((await stage.store.allKeys()).every(({ pending }) => !pending));
  }
  // One transaction for the keys, then a state and a mark for each stack.
  assert.equal(killed, 5);
});

/** As holdfast 0.0 sealed: version byte, nonce, ciphertext, tag. */
function sealedBefore(key: Uint8Array, text: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([Buffer.of(1), nonce, body, cipher.getAuthTag()]);
}

interface OldFolder {
  readonly stage: KeyStage;
  readonly master: Buffer;
  readonly dataKey: Buffer;
}

/** A data folder of before: its database has the tables of then, its key is wrapped by state.key. */
function oldFolder(stage: KeyStage): OldFolder {
  const [master, dataKey] = [randomBytes(32), randomBytes(32)];
  const file = path.join(stage.data, "old.db");
  rmSync(file, { force: true });
  openDatabase(
    file,
    stateMigrations.filter(({ name }) => !name.startsWith("state-keys")),
  ).close();
  const db = new DatabaseSync(file);
  db.prepare("INSERT INTO state_stacks (name, tags, wrapped_key, created_at) VALUES (?, ?, ?, ?)").run(
    "app/dev",
    "{}",
    sealedBefore(master, dataKey),
    7,
  );
  db.close();
  writeFileSync(stage.legacyFile, master, { mode: 0o600 });
  return { stage, master, dataKey };
}

test("a data folder with state.key is migrated; a crash in the middle loses nothing", async t => {
  const { master, dataKey, stage } = oldFolder(openKeyStage(t));
  const db = openDatabase(path.join(stage.data, "old.db"), stateMigrations);
  t.after(() => db.close());
  const store = createSqliteStateStore(db);
  const ann = await ageKey();
  const value = sealedBefore(dataKey, Buffer.from("hush"));

  rmSync(stage.legacyFile);
  assert.match(
    JSON.stringify(await refusal(stage, [ann.secret], { store })),
    /state.key is not there, and 1 data key/,
  );
  writeFileSync(stage.legacyFile, randomBytes(32));
  assert.match(JSON.stringify(await refusal(stage, [ann.secret], { store })), /not the one that wrapped/);
  assert.ok(existsSync(stage.legacyFile));
  writeFileSync(stage.legacyFile, master);
  await assert.rejects(stage.start([ann.secret], { store: dyingStore(store, 0) }), /killed/);
  assert.ok(existsSync(stage.legacyFile));

  const migrated = await opened(stage, [ann.secret], { store });
  assert.match(migrated.notes.join(), /state.key, which opened them before, is not needed any more/);
  assert.ok(!existsSync(stage.legacyFile));
  const old: KeyStage = { ...stage, store };
  assert.equal(String((await cipherOf(old, migrated, "app/dev")).decrypt(value)), "hush");
  must(await migrated.ring.rotate(ASK, quiet));
  assert.equal(String((await cipherOf(old, migrated, "app/dev")).decrypt(value)), "hush");

  // Killed between the commit and the removal: the next start removes it; a state.key of another database stays.
  writeFileSync(stage.legacyFile, master);
  assert.deepEqual((await opened(stage, [ann.secret], { store })).notes, []);
  assert.ok(!existsSync(stage.legacyFile));
  writeFileSync(stage.legacyFile, randomBytes(32));
  await opened(stage, [ann.secret], { store });
  assert.ok(existsSync(stage.legacyFile));
});
