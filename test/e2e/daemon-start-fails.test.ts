/** A daemon whose start fails after its helpers were started: it ends, and they do, so that whoever watches it starts it again. */
import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { generations, makeStage, until } from "../support/daemon-stage.ts";

test("a start that fails half-way ends with all that it had started", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  stage.openGate(1);
  assert.equal((await stage.run(["sync"])).code, 0);
  const db = new DatabaseSync(path.join(stage.data, "holdfast.db"));
  // Stands for a disk that is full when what was left behind is to be noted.
  db.exec("CREATE TRIGGER full BEFORE DELETE ON processes BEGIN SELECT raise(ABORT, 'no room'); END");
  db.exec(
    `INSERT INTO processes (pid, doc) VALUES (1, '{"pid":1,"startTime":"0","runId":"r","what":"pulumi up"}')`,
  );
  db.close();
  const { code, stderr } = await stage.run(["serve", "--listen", "127.0.0.1:0"]);
  assert.equal(code, 70);
  assert.match(stderr, /no room/);
  await until("nothing is left of it", () => stage.processes().length === 0);
});
