import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { git, GIT_TEST_ENV, makeRepository, type TestRepository } from "../../support/git.ts";
import { never, openSource, valueOf, type OpenSource } from "./open-source.ts";

interface Fetched extends OpenSource {
  readonly repository: TestRepository;
  readonly mirror: string;
}

async function fetched(t: TestContext): Promise<Fetched> {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const open = openSource(t, repository.url);
  valueOf(await open.source.fetch(never));
  const name = readdirSync(open.folder).find(entry => entry.endsWith(".git")) ?? "";
  return { ...open, repository, mirror: path.join(open.folder, name) };
}

test("lock files of a killed git are removed by the next fetch", async t => {
  const { source, repository, mirror, log } = await fetched(t);
  const locks = ["refs/heads/main.lock", "packed-refs.lock", "shallow.lock", "config.lock", "HEAD.lock"];
  for (const lock of locks) writeFileSync(path.join(mirror, lock), "");
  writeFileSync(path.join(mirror, "objects/pack/tmp_pack_abcdef"), "half");
  const second = repository.commit("second", { "a.txt": "2" });
  assert.equal(valueOf(await source.fetch(never)).sha, second);
  assert.match(log.join("\n"), /removed what a killed git left.*main\.lock/);
  // Repaired, not thrown away: a large repository need not be fetched again.
  assert.doesNotMatch(log.join("\n"), /made anew/);
  assert.equal(existsSync(path.join(mirror, "refs/heads/main.lock")), false);
  assert.equal(existsSync(path.join(mirror, "objects/pack/tmp_pack_abcdef")), false);
});

test("a mirror whose owner was killed is taken over, and a git of its that still runs is ended", async t => {
  const { source, repository, mirror } = await fetched(t);
  const orphan = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  t.after(() => orphan.kill("SIGKILL"));
  const ended = once(orphan, "exit");
  const stat = readFileSync(`/proc/${orphan.pid}/stat`, "latin1");
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  // The owner has this process's pid and another start time, as after a reboot.
  writeFileSync(`${mirror}.lock`, `${process.pid}-1\n${orphan.pid}-${started}`);
  writeFileSync(path.join(mirror, "refs/heads/main.lock"), "");
  const second = repository.commit("second", { "a.txt": "2" });
  assert.equal(valueOf(await source.fetch(never)).sha, second);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  assert.equal(existsSync(`${mirror}.lock`), false);
});

test("a git that is killed with -9 in the middle of a fetch leaves a mirror that the next fetch repairs", async t => {
  const { source, repository, mirror } = await fetched(t);
  const noise = Array.from({ length: 150 }, (_, i) => [`f${i}`, `${i}\n`] as const);
  const second = repository.commit("second", Object.fromEntries(noise));
  // index-pack waits for a pack that never ends: the state of a fetch that is under way.
  const env = { ...GIT_TEST_ENV, GIT_DIR: mirror };
  const half = spawn("git", ["index-pack", "--stdin", "--fix-thin"], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  half.stdin.write(Buffer.from("PACK\u0000\u0000\u0000\u0002\u0000\u0000\u0001\u0000", "latin1"));
  const packs = path.join(mirror, "objects/pack");
  await until(() => existsSync(packs) && readdirSync(packs).some(name => name.startsWith("tmp_pack_")));
  half.kill("SIGKILL");
  await once(half, "exit");
  writeFileSync(path.join(mirror, "refs/heads/main.lock"), second.slice(0, 10));
  assert.equal(valueOf(await source.fetch(never)).sha, second);
  assert.deepEqual(
    readdirSync(packs).filter(name => name.startsWith("tmp_")),
    [],
  );
  git(mirror, ["fsck", "--strict"]);
});

test("a mirror with damaged or missing objects is made anew by the fetch after", async t => {
  const { source, repository, mirror, log } = await fetched(t);
  const head = repository.head();
  for (const name of readdirSync(path.join(mirror, "objects"))) {
    if (name.length === 2) rmSync(path.join(mirror, "objects", name), { recursive: true });
  }
  const fresh = openSource(t, repository.url, {
    folder: path.dirname(mirror),
    log: text => void log.push(text),
  }).source;
  assert.equal((await fresh.checkout(head)).ok, false);
  assert.equal(valueOf(await fresh.fetch(never)).sha, head);
  assert.ok(valueOf(await fresh.checkout(head)));
  assert.equal((await source.head())?.sha, head);
});

test("a blob that is missing is noticed by the checkout, which leaves nothing, and healed by the next fetch", async t => {
  const { source, repository, mirror, folder } = await fetched(t);
  const head = repository.head();
  const blob = repository.git("rev-parse", "HEAD:a.txt");
  const file = path.join(mirror, "objects", blob.slice(0, 2), blob.slice(2));
  rmSync(file);
  assert.match(JSON.stringify(await source.checkout(head)), /fetch-failed.*makes the mirror anew/);
  assert.deepEqual(readdirSync(path.join(folder, "checkouts")), []);
  valueOf(await source.fetch(never));
  assert.equal(readFileSync(path.join(valueOf(await source.checkout(head)).root, "a.txt"), "utf8"), "1");
});

test("a ref that a power cut left empty is repaired", async t => {
  const { source, repository, mirror } = await fetched(t);
  truncateSync(path.join(mirror, "refs/heads/main"));
  assert.equal(valueOf(await source.fetch(never)).sha, repository.head());
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
}
