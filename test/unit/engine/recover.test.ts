/** What a daemon that starts makes of what its dead forerunner left. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { recover } from "../../../src/engine/recover.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { createSqliteRecords, recordsMigrations } from "../../../src/store/records-sqlite.ts";
import { NOON, revision, status } from "../../support/engine-samples.ts";
import { tempFolder } from "../../support/git.ts";

test("a run without an end gets one, and its stack is looked at again; a look changes nothing", async t => {
  const db = openDatabase(path.join(tempFolder(t), "holdfast.db"), recordsMigrations);
  t.after(() => db.close());
  const records = createSqliteRecords(db);
  const modes = { "hosts/frodo": "converge", "hosts/sam": "plan" } as const;
  for (const [stack, mode] of Object.entries(modes)) {
    await records.putStatus(status(stack, { attempted: revision("c1"), deployed: revision("c1") }));
    await records.startRun({
      id: `r-${mode}`,
      stack,
      mode,
      trigger: "commit",
      revision: revision("c2"),
      startedAt: NOON,
    });
  }
  const state = { endAllBut: async () => undefined };
  const { runs } = await recover({ records, state, endProcess: async () => false, now: () => NOON + 1 });
  assert.deepEqual(runs.map(({ id }) => id).sort(), ["r-converge", "r-plan"]);
  assert.deepEqual(await records.unfinishedRuns(), []);
  assert.equal((await records.status("hosts/frodo"))?.touchedAt, NOON + 1);
  assert.equal((await records.status("hosts/sam"))?.touchedAt, undefined);
});
