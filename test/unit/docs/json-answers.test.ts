/** Commands that answer with documents of their own print them as docs/schemas says. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { Io } from "../../../src/commands/command.ts";
import { table } from "../../../src/commands/table.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { stateMigrations } from "../../../src/store/state-schema.ts";
import { schemaErrors } from "../../support/json-schema.ts";
import { read } from "./pages.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-docs-"));
after(() => rmSync(scratch, { recursive: true }));
const data = path.join(scratch, "data");
mkdirSync(data);
openDatabase(path.join(data, "holdfast.db"), [...recordsMigrations, ...stateMigrations]).close();

type Words = Readonly<Record<string, unknown>>;

/** Runs a verb in this process and holds what it prints to a schema; answers the exit code. */
async function answers(schemaName: string, verb: string, words: Words = {}): Promise<number> {
  const found = table.find(({ usage }) => usage.split(" ")[0] === verb);
  assert.ok(found, verb);
  const { command } = await found.load();
  const lists = Object.entries(command.builder).filter(([, { type }]) => type === "list");
  const empty = Object.fromEntries(lists.map(([name]) => [name, []]));
  const said: string[] = [];
  const io: Io = {
    stdout: text => void said.push(text),
    stderr: () => undefined,
    stdin: process.stdin,
    isTTY: { stdout: false, stderr: false, stdin: false },
    columns: 80,
    env: { PATH: process.env["PATH"], HOME: scratch },
    cwd: scratch,
    stopSignal: () => new AbortController().signal,
  };
  const code = await command.run({ ...empty, data, json: true, verbose: false, rest: [], ...words }, io);
  const schema = JSON.parse(read(`docs/schemas/${schemaName}.schema.json`)) as Record<string, unknown>;
  const text = said.join("");
  assert.deepEqual(schemaErrors(JSON.parse(text), schema, schema), [], text);
  return code;
}

test("init", async () => {
  assert.equal(await answers("init", "init", { dir: "estate" }), 0);
  assert.equal(await answers("failure", "init", { dir: "estate" }), 1);
});

test("token", async () => {
  assert.equal(await answers("token", "token", { action: "create", name: "ann" }), 0);
  assert.equal(await answers("token", "token", { action: "list" }), 0);
  assert.equal(await answers("failure", "token", { action: "create", name: "ann" }), 1);
  assert.equal(await answers("token", "token", { action: "revoke", name: "ann" }), 0);
  assert.equal(await answers("failure", "token", { action: "revoke", name: "ann" }), 1);
});

test("keys", async () => {
  assert.equal(await answers("keys", "keys", { action: "list", to: [] }), 0);
  assert.equal(await answers("failure", "keys", { action: "list", to: ["age1"] }), 64);
});

test("doctor", async () => {
  // Whether all is there is the machine's matter.
  const code = await answers("doctor", "doctor");
  assert.ok(code === 0 || code === 1);
});

test("install", async () => {
  assert.equal(await answers("install", "install", { print: true, repo: "estate" }), 0);
  const empty = path.join(scratch, "nothing");
  assert.equal(await answers("failure", "install", { print: true, data: empty }), 1);
});

test("secrets", async () => {
  assert.equal(await answers("secrets", "secrets", { action: "key", files: ["key.txt"] }), 0);
  writeFileSync(path.join(scratch, "a.sops.yaml"), "password: correct horse\n");
  assert.equal(await answers("secrets", "secrets", { action: "check", files: ["a.sops.yaml"] }), 1);
  assert.equal(await answers("secrets", "secrets", { action: "encrypt", files: ["a.sops.yaml"] }), 1);
});

test("a command that cannot do its work answers with the failure", async () => {
  assert.equal(await answers("failure", "status"), 1);
  assert.equal(await answers("failure", "import-state", { stack: "a/b", from: "nowhere.json" }), 1);
});
