/** Damage that shows while holdfast works, and a disk that is too full to begin: nothing is run, it is said, it ends by itself. */
import assert from "node:assert/strict";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { until } from "../support/daemon-stage.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

/** All pages but the first, after another connection made everybody forget what they had read. */
function damage(file: string): void {
  const other = new DatabaseSync(file, { timeout: 5000 });
  const write = "INSERT OR REPLACE INTO settings (key, value) VALUES ('test', '1')";
  other.exec(`${write}; PRAGMA wal_checkpoint(TRUNCATE)`);
  other.close();
  const fd = openSync(file, "r+");
  for (let at = 4096; at < statSync(file).size; at += 4096)
    writeSync(fd, Buffer.alloc(4096, 0x5a), 0, 4096, at);
  closeSync(fd);
}

test("damage that shows while it runs stops all runs, is said once with the newest backup, and is no bug", async t => {
  const files = (box: string) => ({ ...settings(), ...project("app", fileProgram(box, { a: "1" })) });
  const stage = await openStage(t, { files, automatic: true });
  const messages = (): string[] =>
    stage.events.flatMap(event => (event.type === "message" ? [event.text] : []));
  await until("it is deployed and backed up", async () => {
    const { care } = await stage.controller().overview();
    return stage.box.read("a") === "1" && care.backups.last !== undefined;
  });
  damage(path.join(stage.data, "holdfast.db"));
  stage.commit(project("app", fileProgram(stage.box.folder, { a: "2" })));
  // What meets the damage first is a matter of time: the fetch, or the run.
  await stage.controller().poll();
  await until("it is known", () => messages().some(text => /is damaged: /.test(text)));
  await until("the way out is known", () =>
    messages().some(text => text.includes("holdfast restore --data")),
  );
  const asked = await stage.controller().ask({ stacks: [], mode: "converge", by: "test" });
  assert.ok(!asked.ok && asked.failure.reason === "database-damaged", JSON.stringify(asked));
  const polled = await stage.controller().poll();
  assert.ok(!polled.ok && polled.failure.reason === "database-damaged");
  await until("nothing runs", () => stage.controller().running().length === 0);
  const begun = stage.events.filter(({ type }) => type === "run-started").length;
  const { care } = await stage.controller().overview();
  assert.ok(care.halted?.reason === "database-damaged" && care.halted.backup, JSON.stringify(care));
  assert.equal(messages().filter(text => /is damaged: /.test(text)).length, 1, "said once");
  assert.equal(stage.events.filter(({ type }) => type === "run-started").length, begun);
  for (const event of stage.events)
    if (event.type === "run-ended") assert.notEqual(event.run.failure?.reason, "internal-error");
});

test("with too little room nothing begins, whoever asks; status says why", async t => {
  const files = (box: string) => ({ ...settings(), ...project("app", fileProgram(box, { a: "1" })) });
  const stage = await openStage(t, { files, automatic: true, minimumFree: { percent: 100 } });
  const asked = await stage.controller().ask({ stacks: [], mode: "plan", by: "test" });
  assert.ok(!asked.ok && asked.failure.reason === "disk-nearly-full", JSON.stringify(asked));
  const { care } = await stage.controller().overview();
  assert.equal(care.halted?.kind, "waiting");
  await stage.controller().poll();
  assert.equal(stage.events.filter(({ type }) => type === "run-started").length, 0);
  assert.equal(stage.box.read("a"), undefined);
});
