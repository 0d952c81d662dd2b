/** `holdfast secrets` as a person uses it: the real command line in a process of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { run, type RunResult } from "../../src/process/run.ts";
import {
  identitiesFrom,
  readSecrets,
  temporaryFolder,
  testKey,
  treeOf,
  type TestKey,
} from "../support/secrets.ts";

const cli = path.resolve(import.meta.dirname, "../../src/cli.ts");
const DEADLINE_MS = 60_000;

interface Person {
  readonly folder: string;
  readonly key: TestKey;
  readonly env: Readonly<Record<string, string>>;
  at(...names: string[]): string;
  secrets(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: string,
  ): Promise<RunResult>;
  /** A shell script as the editor; the file to edit is $1. */
  editor(script: string): Readonly<Record<string, string>>;
}

async function person(t: TestContext): Promise<Person> {
  const folder = temporaryFolder(t);
  const key = await testKey(folder);
  const at = (...names: string[]): string => path.join(folder, ...names);
  mkdirSync(at("repo", "secrets"), { recursive: true });
  writeFileSync(
    at("repo", ".sops.yaml"),
    `creation_rules:\n  - path_regex: ^secrets/.*\\.sops\\.(ya?ml|json|env)$\n    age: ${key.recipient}\n`,
  );
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, SOPS_AGE_KEY_FILE: key.file, FOLDER: folder };
  return {
    folder,
    key,
    env,
    at,
    secrets: (args, more = {}, input = "") =>
      run(process.execPath, [cli, "secrets", ...args], {
        cwd: at("repo"),
        env: { ...env, ...more },
        input,
        deadlineMs: DEADLINE_MS,
      }),
    editor(script) {
      writeFileSync(at("editor"), `#!/bin/sh\n${script}\n`);
      chmodSync(at("editor"), 0o755);
      return { SOPS_EDITOR: `'${at("editor")}'` };
    },
  };
}

const FILE = "secrets/app.sops.yaml";
const write = (p: Person, text: string): void => writeFileSync(p.at("repo", FILE), text);
const read = async (p: Person): Promise<unknown> =>
  treeOf(await readSecrets(p.at("repo"), [FILE], identitiesFrom(p.env)));
const said = (result: RunResult): string => `${result.stdout.toString()}${result.stderr.toString()}`;
const leftovers = (pid: number): string[] =>
  readdirSync("/dev/shm").filter(name => name.startsWith(`holdfast-edit-${pid}-`));

test("a plain file is encrypted in place by the rules of .sops.yaml, and checked", async t => {
  const p = await person(t);
  write(p, "password: correct horse\nname_unencrypted: app\n");
  assert.equal((await p.secrets(["check"])).code, 1);
  const sealed = await p.secrets(["encrypt", FILE]);
  assert.equal(sealed.code, 0, said(sealed));
  assert.equal(readFileSync(p.at("repo", FILE), "utf8").includes("correct horse"), false);
  assert.deepEqual(await read(p), { password: "correct horse", name_unencrypted: "app" });
  const checked = await p.secrets(["check", "--json"]);
  assert.equal(checked.code, 0, said(checked));
  assert.deepEqual(JSON.parse(checked.stdout.toString()), {
    version: 1,
    ok: true,
    level: "full",
    keyLookedFor: [],
    files: [{ file: FILE, ok: true, level: "full", recipients: [p.key.recipient] }],
  });
  const twice = await p.secrets(["encrypt", FILE]);
  assert.equal(twice.code, 1);
  assert.match(said(twice), /encrypted already/);
});

test("check finds what is in the clear or broken, also without a key, and says what it could not look at", async t => {
  const p = await person(t);
  write(p, "password: correct horse\nother: value\n");
  await p.secrets(["encrypt", FILE]);
  const none = { SOPS_AGE_KEY_FILE: "" };
  const structure = await p.secrets(["check"], none);
  assert.equal(structure.code, 0, said(structure));
  assert.match(said(structure), /only the structure was checked: no age key was found/);
  const sealed = readFileSync(p.at("repo", FILE), "utf8");
  write(p, sealed.replace(/^other: .*/m, "other: leaked"));
  const clear = await p.secrets(["check"], none);
  assert.equal(clear.code, 1);
  assert.match(said(clear), /app\.sops\.yaml: the value at other should be encrypted and is not/);
  assert.equal(said(clear).includes("leaked"), false);
  write(p, sealed);
  writeFileSync(p.at("repo", "secrets", "notes.txt"), "the password is x\n");
  const stray = await p.secrets(["check"]);
  assert.equal(stray.code, 1);
  assert.match(said(stray), /notes\.txt: its name ends with none/);
});

test("edit shows the plain text in a private folder in memory and removes it", async t => {
  const p = await person(t);
  write(p, "# why\npassword: correct horse\nother: value\n");
  await p.secrets(["encrypt", FILE]);
  const before = readFileSync(p.at("repo", FILE), "utf8");
  const editor = p.editor(
    'echo "$1" > "$FOLDER/where"; stat -c %a "$1" "$(dirname "$1")" > "$FOLDER/modes"; sed -i s/horse/battery/ "$1"',
  );
  const edited = await p.secrets(["edit", FILE], editor);
  assert.equal(edited.code, 0, said(edited));
  assert.deepEqual(await read(p), { password: "correct battery", other: "value" });
  const where = readFileSync(p.at("where"), "utf8").trim();
  if (existsSync("/dev/shm")) assert.ok(where.startsWith("/dev/shm/"), where);
  assert.equal(existsSync(path.dirname(where)), false);
  assert.equal(readFileSync(p.at("modes"), "utf8"), "600\n700\n");
  const other = /^other: .*/m.exec(before)?.[0] ?? "nothing";
  assert.ok(readFileSync(p.at("repo", FILE), "utf8").includes(other));
});

test("edit leaves a file alone that was not changed", async t => {
  const p = await person(t);
  write(p, "a: b\n");
  await p.secrets(["encrypt", FILE]);
  const before = readFileSync(p.at("repo", FILE));
  const edited = await p.secrets(["edit", FILE], p.editor("true"));
  assert.match(said(edited), /unchanged/);
  assert.deepEqual(readFileSync(p.at("repo", FILE)), before);
});

test("edit makes a file that is not there", async t => {
  const p = await person(t);
  const edited = await p.secrets(["edit", FILE], p.editor('echo "token: abc" > "$1"'));
  assert.equal(edited.code, 0, said(edited));
  assert.deepEqual(await read(p), { token: "abc" });
  assert.equal(statSync(p.at("repo", FILE)).mode & 0o777, 0o644);
});

test("after a mistake edit goes back to the editor with the text, and gives up only when told", async t => {
  const p = await person(t);
  write(p, "a: b\n");
  await p.secrets(["encrypt", FILE]);
  const before = readFileSync(p.at("repo", FILE));
  // The first time it breaks the text; the second time it finds its own words again and repairs them.
  const editor = p.editor(
    'if grep -q "typed" "$1"; then echo "a: typed" > "$1"; else echo "a: [typed" > "$1"; fi',
  );
  const given = await p.secrets(["edit", FILE], editor, "q\n");
  assert.equal(given.code, 1);
  assert.match(said(given), /not valid YAML \(line \d/);
  assert.deepEqual(readFileSync(p.at("repo", FILE)), before);
  const edited = await p.secrets(["edit", FILE], editor, "\n");
  assert.equal(edited.code, 0, said(edited));
  assert.deepEqual(await read(p), { a: "typed" });
});

test("an edit that collides with another's change is put aside, encrypted", async t => {
  const p = await person(t);
  write(p, "a: b\n");
  await p.secrets(["encrypt", FILE]);
  const edited = await p.secrets(
    ["edit", FILE],
    p.editor(`echo "a: mine-typed" > "$1"; echo "# theirs" >> '${p.at("repo", FILE)}'`),
  );
  assert.equal(edited.code, 1);
  assert.match(said(edited), /changed by somebody else/);
  const aside = readFileSync(p.at("repo", "secrets/app.sops.edited.yaml"), "utf8");
  assert.equal(aside.includes("mine-typed"), false);
});

for (const signal of ["SIGINT", "SIGTERM"] as const)
  test(`${signal} in the middle of an edit leaves no plain text and the file as it was`, async t => {
    const p = await person(t);
    write(p, "a: b\n");
    await p.secrets(["encrypt", FILE]);
    const before = readFileSync(p.at("repo", FILE));
    mkdirSync(p.at("signs"));
    const editor = p.editor('echo up > "$FOLDER/signs/up"; exec sleep 60');
    const watcher = watch(p.at("signs"));
    t.after(() => watcher.close());
    const seen = once(watcher, "change");
    const child = spawn(process.execPath, [cli, "secrets", "edit", FILE], {
      cwd: p.at("repo"),
      env: { ...p.env, ...editor },
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    await seen;
    assert.equal(leftovers(child.pid ?? 0).length, existsSync("/dev/shm") ? 1 : 0);
    child.kill(signal);
    assert.deepEqual(await ended, [1, null]);
    assert.deepEqual(leftovers(child.pid ?? 0), []);
    assert.deepEqual(readFileSync(p.at("repo", FILE)), before);
  });

test("rotate gives a new data key to today's recipients", async t => {
  const p = await person(t);
  const next = await testKey(p.folder, "next.txt");
  write(p, "a: b\n");
  await p.secrets(["encrypt", FILE]);
  const rotated = await p.secrets(["rotate", FILE, "--recipient", next.recipient]);
  assert.equal(rotated.code, 0, said(rotated));
  const old = await readSecrets(p.at("repo"), [FILE], identitiesFrom(p.env));
  assert.equal(old.ok, false);
  assert.ok((await readSecrets(p.at("repo"), [FILE], identitiesFrom({ SOPS_AGE_KEY_FILE: next.file }))).ok);
});

test("key makes a key file for its owner only, prints the recipient, and overwrites nothing", async t => {
  const p = await person(t);
  const made = await p.secrets(["key", "--json"]);
  assert.equal(made.code, 0, said(made));
  const file = p.at(".config", "sops", "age", "keys.txt");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { recipient } = JSON.parse(made.stdout.toString()) as { recipient: string };
  const known = await identitiesFrom({ SOPS_AGE_KEY_FILE: file }).load();
  assert.deepEqual(
    known.keys.map(key => key.recipient),
    [recipient],
  );
  assert.equal(said(made).includes("AGE-SECRET-KEY"), false);
  assert.equal((await p.secrets(["key", file])).code, 1);
});

test("without a rule, a recipient or a key, the message says how to get one", async t => {
  const p = await person(t);
  writeFileSync(p.at("app.yaml"), "a: b\n");
  const noRule = await p.secrets(["encrypt", p.at("app.yaml")]);
  assert.equal(noRule.code, 1);
  assert.match(said(noRule), /no \.sops\.yaml with creation_rules above it[^]*--recipient age1/);
  write(p, "a: b\n");
  await p.secrets(["encrypt", FILE]);
  const noKey = await p.secrets(["edit", FILE], { SOPS_AGE_KEY_FILE: "", ...p.editor("true") });
  assert.match(said(noKey), /no age key was found; looked in [^]*holdfast secrets key/);
  assert.equal((await p.secrets(["fetch"])).code, 64);
});
