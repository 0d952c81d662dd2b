/** Processes on record, while records cannot be written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveProcess } from "../../../src/engine/ports/records.ts";
import { createProcessNotes } from "../../../src/engine/process-notes.ts";

const live = (pid: number): LiveProcess => ({ pid, startTime: "1", runId: "r1", what: "pulumi up" });

test("what cannot be written is written later, each process as it is last", async () => {
  const onRecord = new Map<number, LiveProcess>();
  let full = false;
  const write = async (work: () => void): Promise<void> => {
    if (full) throw new Error("database or disk is full");
    work();
  };
  const records = {
    processStarted: (one: LiveProcess) => write(() => onRecord.set(one.pid, one)),
    processEnded: (pid: number) => write(() => onRecord.delete(pid)),
  };
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    random: () => 0,
    after: (_ms: number, run: () => void) => (timers.push(run), () => undefined),
  };
  const said: string[] = [];
  const notes = createProcessNotes(
    records,
    clock,
    event => void (event.type === "message" && said.push(event.text)),
  );
  notes.started(live(1));
  full = true;
  notes.ended(1);
  notes.started(live(2));
  notes.started(live(3));
  notes.ended(3);
  await new Promise(setImmediate);
  assert.deepEqual([...onRecord.keys()], [1]);
  assert.equal(said.length, 1);
  full = false;
  for (const run of timers.splice(0)) run();
  await new Promise(setImmediate);
  assert.deepEqual([...onRecord.keys()], [2]);
});
