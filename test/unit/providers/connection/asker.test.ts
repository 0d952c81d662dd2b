/** Questions to a host: they travel together, and what goes wrong with one is nobody else's matter. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { createAsker, type Asker } from "../../../../src/providers/connection/asker.ts";
import { localMachine } from "../../../../src/providers/connection/local.ts";
import { createConnectionPool } from "../../../../src/providers/connection/pool.ts";
import {
  MAX_CONTENTS,
  MAX_SUMMED_BYTES,
  type Answers,
  type EntryFacts,
  type Question,
} from "../../../../src/providers/connection/questions.ts";
import { openShell, type RemoteShell } from "../../../../src/providers/connection/remote-shell.ts";
import { LOOP } from "../../../../src/providers/connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../../../src/providers/outcome.ts";
import { noSshd, startSshd } from "../../../support/sshd.ts";

const never = new AbortController().signal;
const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const entry = (at: string) => ({ about: "entry", path: at }) as const;

let folder: string;
let shell: RemoteShell;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-asker-"));
  const env = { PATH: process.env["PATH"] ?? "" };
  shell = openShell({ program: "sh", args: ["-c", LOOP], env, cwd: "/" });
});
after(async () => {
  shell.kill();
  await shell.ended;
  await rm(folder, { recursive: true, force: true });
});
const at = (name: string): string => path.join(folder, name);

/** An asker over a real shell, and the scripts that it ran. `held`: before that, none goes on. */
function counted(held = Promise.resolve()): { readonly asker: Asker; readonly scripts: string[] } {
  const scripts: string[] = [];
  const asker = createAsker({
    async run(script) {
      scripts.push(script);
      await held;
      const limits = { maxOutput: 8_000_000, deadlineMs: 60_000, signal: never };
      const answer = await shell.run({ script, ...limits });
      return answer.ok ? done(answer.value.stdout) : answer;
    },
  });
  return { asker, scripts };
}

/** Resolves once the first script is under way. */
async function isAsked(scripts: readonly string[]): Promise<void> {
  while (scripts.length === 0) await new Promise(resolve => setImmediate(resolve));
}

function answersOf(outcome: Outcome<Answers>): Answers {
  if (!outcome.ok) assert.fail(outcome.trouble.message);
  return outcome.value;
}
const ask = async (questions: readonly Question[], asker = counted().asker): Promise<Answers> =>
  answersOf(await asker.ask(questions, never));
async function look(name: string): Promise<EntryFacts | undefined> {
  return (await ask([entry(at(name))])).get(entry(at(name)));
}

test("questions of several callers share one script, and a second one for what is in files", async () => {
  const names = ["s1", "s2", "s3"];
  for (const name of names) await writeFile(at(name), name);
  const { asker, scripts } = counted();
  const all = await Promise.all([
    ...names.map(name => ask([entry(at(name)), entry("/")], asker)),
    ask([{ about: "group", name: "root" }], asker),
    ask([{ about: "script", script: "echo said; exit 3" }], asker),
  ]);
  assert.equal(scripts.length, 2);
  assert.equal(scripts[0]?.split(at("s1")).length, 2, "what several ask is asked once");
  names.forEach((name, index) => {
    assert.equal(all[index]?.get(entry(at(name)))?.checksum, sumOf(name));
    assert.equal(all[index]?.get(entry("/"))?.kind, "directory");
  });
  assert.equal(all[3]?.get({ about: "group", name: "root" })?.gid, 0);
  const said = all[4]?.get({ about: "script", script: "echo said; exit 3" });
  assert.deepEqual(said, { code: 3, output: "said\n" });
});

test("those that come while one batch is under way share the next", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { asker, scripts } = counted(held);
  const first = ask([entry("/tmp")], asker);
  await isAsked(scripts);
  const next = [ask([entry("/")], asker), ask([entry("/usr")], asker)];
  release();
  assert.equal((await first).get(entry("/tmp"))?.kind, "directory");
  assert.equal((await next[1])?.get(entry("/usr"))?.kind, "directory");
  assert.equal(scripts.length, 2);
});

test("what is missing, a folder, a link and where it leads; of none what is behind it", async () => {
  await mkdir(at("folder"));
  await writeFile(at("file"), "text", { mode: 0o640 });
  await chmod(at("file"), 0o4750);
  await symlink("a 'target'\t", at("link"));
  assert.equal(await look("missing"), undefined);
  assert.equal(await look("file/below a file"), undefined);
  assert.equal((await look("folder"))?.kind, "directory");
  const link = await look("link");
  assert.deepEqual([link?.kind, link?.target, link?.checksum], ["symlink", "a 'target'\t", undefined]);
  const file = await look("file");
  assert.deepEqual([file?.mode, file?.size, file?.checksum], [0o4750, 4, sumOf("text")]);
});

test("a pipe and a device are not read, nor is a file too big to be ours", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  await writeFile(at("big"), "");
  await truncate(at("big"), MAX_SUMMED_BYTES + 1);
  const questions = [entry(at("pipe")), entry("/dev/zero"), entry(at("big"))];
  const answers = await ask(questions);
  assert.deepEqual(
    questions.map(question => answers.get(question)?.kind),
    ["other", "other", "file"],
  );
  assert.deepEqual(
    questions.map(question => answers.get(question)?.checksum),
    [undefined, undefined, undefined],
  );
  assert.equal(answers.get(entry(at("big")))?.size, MAX_SUMMED_BYTES + 1);
});

test("names are only names", async () => {
  const names = ["-rf", "it's $HOME `id` \\", "tab\tand  spaces ", "日本🙂", "*", "a=b"];
  for (const name of names) await writeFile(at(name), name);
  const answers = await ask(names.map(name => entry(at(name))));
  for (const name of names) assert.equal(answers.get(entry(at(name)))?.checksum, sumOf(name), name);
});

test("one that may not be looked at fails alone", async () => {
  await symlink("loop", at("loop"));
  await writeFile(at("fine"), "");
  const { asker } = counted();
  const [fine, loop, long, both] = await Promise.all([
    asker.ask([entry(at("fine"))], never),
    asker.ask([entry(at("loop/x"))], never),
    asker.ask([entry(at("n".repeat(300)))], never),
    asker.ask([entry(at("fine")), entry(at("loop/x"))], never),
  ]);
  assert.equal(answersOf(fine).get(entry(at("fine")))?.kind, "file");
  assert.ok(!loop.ok && /symbolic links/.test(loop.trouble.message));
  assert.ok(!long.ok && /name too long/.test(long.trouble.message));
  assert.ok(!both.ok && /symbolic links/.test(both.trouble.message));
});

test("a name with a line break is refused, and does not disturb the others", async () => {
  await writeFile(at("line\nbreak"), "");
  const { asker, scripts } = counted();
  const [broken, unit, fine] = await Promise.all([
    asker.ask([entry(at("line\nbreak"))], never),
    asker.ask([{ about: "unit", name: "a\nb.service" }], never),
    asker.ask([entry("/")], never),
  ]);
  assert.ok(!broken.ok && broken.trouble.kind === "refused");
  assert.ok(!unit.ok && unit.trouble.kind === "refused");
  assert.equal(answersOf(fine).get(entry("/"))?.kind, "directory");
  assert.ok(scripts.every(script => !script.includes("line\nbreak")));
});

test("who is cancelled stops waiting, and the others get their answers", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { asker, scripts } = counted(held);
  const leaving = new AbortController();
  const [left, stayed] = [asker.ask([entry("/")], leaving.signal), asker.ask([entry("/")], never)];
  await isAsked(scripts);
  leaving.abort();
  const cancelled = await left;
  assert.ok(!cancelled.ok && cancelled.trouble.kind === "cancelled");
  release();
  assert.equal(answersOf(await stayed).get(entry("/"))?.kind, "directory");
  const before = await asker.ask([entry("/")], leaving.signal);
  assert.ok(!before.ok && before.trouble.kind === "cancelled");
});

test("a host that does not answer, or not to the end, is trouble for each, and the next ask is a new one", async () => {
  let answer: Outcome<Buffer> = trouble("unreachable", "the host is off");
  const asker = createAsker({ run: async () => answer });
  for (const one of await Promise.all([asker.ask([entry("/")], never), asker.ask([entry("/x")], never)]))
    assert.ok(!one.ok && one.trouble.kind === "unreachable");
  answer = done(Buffer.from("100\nnot so much"));
  const cut = await asker.ask([entry("/")], never);
  assert.ok(!cut.ok && /cut short/.test(cut.trouble.message));
  answer = done(Buffer.from("0\n"));
  assert.equal(answersOf(await asker.ask([entry("/")], never)).get(entry("/")), undefined);
});

test("too many for one script go in several", async () => {
  const { asker, scripts } = counted();
  const names = Array.from({ length: 1_000 }, (_, index) => at(`${"missing ".repeat(20)}${index}`));
  const answers = await ask([...names.map(entry), entry("/")], asker);
  assert.ok(scripts.length > 1 && scripts.length < 10, `${scripts.length} scripts`);
  assert.equal(answers.get(entry("/"))?.kind, "directory");
  assert.equal(answers.get(entry(names[999] ?? "")), undefined);
});

test("this machine's own look and the shell's tell the same", async () => {
  await mkdir(at("tree/deep/er"), { recursive: true });
  for (const name of ["a", "deep/-b", "deep/er/it's", "line\nbreak"])
    await writeFile(at(`tree/${name}`), name);
  await symlink("nowhere", at("tree/deep/link"));
  await writeFile(at("text"), "x\n# b \r\n1\n\n2\n# e\ny\n# b\nlast");
  const marks = { begin: "# b", end: "# e" };
  const questions: Question[] = [
    ...["", "/a", "/deep", "/deep/link", "/none"].map(name => entry(at(`tree${name}`))),
    ...["tree", "text", "none", "tree/deep/link"].map(
      name => ({ about: "contents", path: at(name) }) as const,
    ),
    ...["text", "tree/a", "tree", "none"].map(
      name => ({ about: "block", path: at(name), ...marks }) as const,
    ),
  ];
  const local = answersOf(await localMachine("/").ask(questions, never));
  const remote = await ask(questions);
  const comparable = (answers: Answers, question: Question): unknown => {
    const facts = answers.get(question);
    if (facts && "inhabitants" in facts)
      return facts.inhabitants.map(({ path: name, kind }) => `${kind} ${name}`).sort();
    return facts && "stamp" in facts
      ? { ...facts, stamp: "", size: facts.kind === "file" ? facts.size : 0 }
      : facts;
  };
  for (const question of questions)
    assert.deepEqual(comparable(remote, question), comparable(local, question), JSON.stringify(question));
});

test("a folder that holds more than can be told is known to, also where the rest is in a folder in it", async () => {
  await mkdir(at("full/rest"), { recursive: true });
  execFileSync("/bin/sh", ["-c", `touch rest/one && seq ${MAX_CONTENTS - 1} | xargs touch`], {
    cwd: at("full"),
  });
  const question = { about: "contents", path: at("full") } as const;
  for (const answers of [answersOf(await localMachine("/").ask([question], never)), await ask([question])]) {
    const { inhabitants = [], cut } = answers.get(question) ?? {};
    assert.deepEqual([inhabitants.length, cut], [MAX_CONTENTS, true]);
  }
});

test("what another file system holds is not of the folder that it is mounted in", async () => {
  assert.ok((await readdir("/dev/pts")).includes("ptmx"), "it is mounted here");
  const question = { about: "contents", path: "/dev" } as const;
  for (const answers of [answersOf(await localMachine("/").ask([question], never)), await ask([question])]) {
    const names = answers.get(question)?.inhabitants.map(({ path: name }) => name);
    assert.deepEqual(
      names?.filter(name => name.startsWith("pts")),
      ["pts"],
    );
  }
});

describe("over ssh", { skip: noSshd }, () => {
  test("200 callers with an entry each", async t => {
    const sshd = await startSshd();
    const pool = createConnectionPool(folder);
    t.after(async () => {
      await pool.close();
      await sshd.stop();
    });
    const { port, user, identityFile, hostKey } = sshd;
    const machine = pool.machine({
      kind: "ssh",
      host: "127.0.0.1",
      port,
      user,
      identityFile,
      hostKey,
      sudo: false,
    });
    const names = Array.from({ length: 200 }, (_, index) => `f${index}`);
    await Promise.all(names.map(name => writeFile(at(name), name)));
    const all = await Promise.all(names.map(name => machine.ask([entry(at(name))], never)));
    all.forEach((outcome, index) => {
      const name = names[index] ?? "";
      assert.equal(answersOf(outcome).get(entry(at(name)))?.checksum, sumOf(name));
    });
  });
});
