/** Damage that shows while the daemon works: whoever asks it anything hears of that, and of the newest backup; nobody of a bug. */
import assert from "node:assert/strict";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { generations, makeStage, until } from "../support/daemon-stage.ts";

const PAGE = 4096;

/** All pages but the first, after another connection made everybody forget what they had read. */
function damage(file: string): void {
  const other = new DatabaseSync(file, { timeout: 5000 });
  const write = "INSERT OR REPLACE INTO settings (key, value) VALUES ('test', '1')";
  other.exec(`${write}; PRAGMA wal_checkpoint(TRUNCATE)`);
  other.close();
  const fd = openSync(file, "r+");
  for (let at = PAGE; at < statSync(file).size; at += PAGE)
    writeSync(fd, Buffer.alloc(PAGE, 0x5a), 0, PAGE, at);
  closeSync(fd);
}

test("a daemon on a damaged database says so to each command, and lives to say it", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  stage.openGate(1);
  const daemon = await stage.serve();
  await until("it is deployed", () => /app\/prod converged/.test(daemon.stderr()));
  const { backups } = await stage.json("status");
  assert.ok(backups?.["last"], "a first backup was made");
  damage(path.join(stage.data, "holdfast.db"));
  await until("it is known", () => /is damaged: [^]*the newest backup is /.test(daemon.stderr()));
  for (const args of ["history", "unlock app/prod", "keys rotate", "token list", "resume app/prod", "sync"]) {
    const { code, stderr } = await stage.run(args.split(" "));
    assert.equal(code, 1, `${args}: ${stderr}`);
    assert.match(stderr, /^holdfast: The database in \S+ is damaged; nothing is run on it\n/, args);
    assert.match(stderr, /The newest backup is of [^\n]*holdfast restore --data/, args);
  }
  const health = await fetch(`${daemon.url}/healthz`);
  assert.deepEqual(
    [health.status, await health.json()],
    [503, { ok: false, checks: { database: "damaged" } }],
  );
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0, daemon.stderr());
  assert.doesNotMatch(daemon.stderr(), /[Aa] bug in holdfast|\n\s+at /);
});
