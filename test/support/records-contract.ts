/** What every implementation of `Records` must do; each is run against this. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, Plan } from "../../src/engine/ports/plan.ts";
import type { DriftRecord, Records, RunRecord, StackStatus } from "../../src/engine/ports/records.ts";
import type { Revision } from "../../src/engine/ports/source.ts";

/** A fresh, empty store, and the way to see it as a process that starts anew does. */
export interface RecordsUnderTest {
  readonly records: Records;
  reopen(): Promise<Records>;
  close(): Promise<void>;
}

const revision: Revision = { sha: "a".repeat(40), author: "Sam", subject: "hosts: add motd", time: 1000 };
const change: Change = { urn: "urn:a", type: "t", name: "a", op: "update", paths: [] };
const statusOf = (stack: string, more: Partial<StackStatus> = {}): StackStatus => ({
  stack,
  attempts: 0,
  drifted: false,
  unknown: [],
  lightChecks: 0,
  resources: 0,
  references: [],
  ...more,
});
const planOf = (stack: string): Plan => ({
  stack,
  revision: revision.sha,
  stateVersion: 1,
  configHash: "c",
  drift: [],
  changes: [
    { urn: "urn:a", type: "t", name: "a", op: "create", paths: [{ path: "content", kind: "update" }] },
  ],
  unknown: [],
  resources: 3,
  digest: "d1",
});
const runOf = (id: string, more: Partial<RunRecord> = {}): RunRecord => ({
  id,
  stack: "hosts/frodo",
  mode: "converge",
  trigger: "commit",
  revision,
  startedAt: Number(id.replace(/\D/g, "")),
  ...more,
});
const ended = (id: string, more: Partial<RunRecord> = {}): RunRecord =>
  runOf(id, { endedAt: 5000, outcome: "converged", ...more });
const driftOf = (urn: string, since: number, more: Partial<DriftRecord> = {}): DriftRecord => ({
  stack: "hosts/frodo",
  urn,
  kind: "changed",
  paths: ["content"],
  since,
  seenAt: since,
  run: "r1",
  result: "open",
  ...more,
});

/** Registers the suite under `name`; `open` makes a fresh store for each test. */
export function recordsContract(name: string, open: () => Promise<RecordsUnderTest>): void {
  const withStore = (title: string, body: (store: RecordsUnderTest) => Promise<void>): void => {
    test(title, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };
  describe(`records: ${name}`, () => {
    withStore("an empty store knows nothing", async ({ records }) => {
      assert.equal(await records.status("hosts/frodo"), undefined);
      assert.deepEqual(await records.statuses(), []);
      assert.deepEqual(await records.runs({}), []);
      assert.deepEqual(await records.drift(), []);
      assert.equal(await records.run("r1"), undefined);
      assert.equal(await records.setting("url"), undefined);
    });

    withStore("a finished run is there as a whole, also after a restart", async store => {
      const status = statusOf("hosts/frodo", { deployed: revision, deployedAt: 7, resources: 3 });
      const run = ended("r1", { plan: planOf("hosts/frodo"), log: "line\n", counts: { create: 1 } });
      await store.records.startRun(runOf("r1"));
      await store.records.commitRun(status, run, [driftOf("urn:a", 10)]);
      const again = await store.reopen();
      assert.deepEqual(await again.status("hosts/frodo"), status);
      assert.deepEqual(await again.run("r1"), run);
      assert.deepEqual(await again.drift({ stack: "hosts/frodo" }), [driftOf("urn:a", 10)]);
      assert.deepEqual(await again.unfinishedRuns(), []);
    });

    withStore("a commit that fails in the middle leaves nothing behind", async ({ records }) => {
      const circular: Record<string, unknown> = {};
      circular["self"] = circular;
      const plan = { ...planOf("hosts/frodo"), changes: [{ ...change, after: circular }] };
      await assert.rejects(records.commitRun(statusOf("hosts/frodo"), ended("r1", { plan }), []));
      assert.equal(await records.status("hosts/frodo"), undefined);
      assert.equal(await records.run("r1"), undefined);
    });

    withStore("runs that never ended are found, oldest first", async ({ records }) => {
      await records.startRun(runOf("r2"));
      await records.startRun(runOf("r1"));
      await records.commitRun(statusOf("hosts/frodo"), ended("r3"), []);
      const ids = (await records.unfinishedRuns()).map(run => run.id);
      assert.deepEqual(ids, ["r1", "r2"]);
    });

    withStore("runs are listed newest first, by stack, without plan and log", async ({ records }) => {
      await records.commitRun(statusOf("hosts/frodo"), ended("r1", { plan: planOf("x"), log: "l" }), []);
      await records.commitRun(statusOf("vms/a"), ended("r2", { stack: "vms/a" }), []);
      await records.commitRun(statusOf("hosts/frodo"), ended("r3"), []);
      const all = await records.runs({});
      assert.deepEqual(
        all.map(run => run.id),
        ["r3", "r2", "r1"],
      );
      assert.deepEqual(
        all.filter(run => run.plan ?? run.log),
        [],
      );
      assert.deepEqual(
        (await records.runs({ stack: "hosts/frodo", limit: 1 })).map(run => run.id),
        ["r3"],
      );
    });

    withStore("one thousand runs of a stack are kept; other stacks keep theirs", async ({ records }) => {
      await records.commitRun(statusOf("vms/a"), ended("r1", { stack: "vms/a" }), []);
      for (let n = 1; n <= 1001; n += 1)
        await records.startRun(ended(`r${n + 1}`, { plan: planOf("hosts/frodo") }));
      await records.commitRun(statusOf("hosts/frodo"), ended("r2000", { plan: planOf("hosts/frodo") }), []);
      const kept = await records.runs({ stack: "hosts/frodo", limit: 5000 });
      assert.equal(kept.length, 1000);
      assert.equal(kept.at(-1)?.id, "r4");
      assert.equal((await records.runs({ stack: "vms/a" })).length, 1);
      assert.ok((await records.run("r954"))?.plan);
      assert.equal((await records.run("r953"))?.plan, undefined);
    });

    withStore("checks that find nothing do not push deployments out", async ({ records }) => {
      await records.commitRun(statusOf("hosts/frodo"), ended("r1"), []);
      const quiet = { trigger: "drift", outcome: "unchanged" } as const;
      for (let n = 2; n <= 61; n += 1) await records.startRun(ended(`r${n}`, quiet));
      await records.commitRun(statusOf("hosts/frodo"), ended("r62", quiet), []);
      const kept = await records.runs({ stack: "hosts/frodo", limit: 5000 });
      assert.equal(kept.length, 51);
      assert.equal(kept.at(-1)?.id, "r1");
    });

    withStore("of a long log the end is kept, and it says what is missing", async ({ records }) => {
      const log = `${"x".repeat(100)}\n${"y\n".repeat(50_000)}the error\n`;
      await records.commitRun(statusOf("hosts/frodo"), ended("r1", { log }), []);
      const kept = (await records.run("r1"))?.log ?? "";
      assert.match(kept, /^… \d+ characters left out\ny\n/);
      assert.ok(kept.endsWith("the error\n"));
      assert.ok(kept.length < 70_000);
    });

    withStore("a drift episode is one record that is written anew until it ends", async ({ records }) => {
      const commit = (id: string, drift: DriftRecord): Promise<void> =>
        records.commitRun(statusOf("hosts/frodo"), ended(id), [drift]);
      await commit("r1", driftOf("urn:a", 10));
      await commit("r2", driftOf("urn:a", 10, { seenAt: 20, endedAt: 20, result: "corrected" }));
      await commit("r3", driftOf("urn:a", 30));
      const seen = await records.drift();
      assert.deepEqual(
        seen.map(({ since, result }) => [since, result]),
        [
          [30, "open"],
          [10, "corrected"],
        ],
      );
      assert.deepEqual(await records.drift({ open: true }), [driftOf("urn:a", 30)]);
    });

    withStore("an approval counts for its stack and digest only", async ({ records }) => {
      const approval = { stack: "hosts/frodo", digest: "d1", by: "sam", at: 1 };
      await records.approve(approval);
      await records.approve({ ...approval, by: "ann" });
      assert.deepEqual(await records.approval("hosts/frodo", "d1"), { ...approval, by: "ann" });
      assert.equal(await records.approval("hosts/frodo", "d2"), undefined);
      assert.equal(await records.approval("vms/a", "d1"), undefined);
    });

    withStore("a pause stays until it is taken back", async store => {
      const pause = { stack: "hosts/frodo", why: "moving racks", by: "sam", at: 1 };
      await store.records.pause(pause);
      const again = await store.reopen();
      assert.deepEqual(await again.pauses(), [pause]);
      assert.equal(await again.resume("hosts/frodo"), true);
      assert.equal(await again.resume("hosts/frodo"), false);
      assert.deepEqual(await again.pauses(), []);
    });

    withStore("leave for a first apply is used up by an apply that ends well", async ({ records }) => {
      await records.allowFirst("hosts/frodo", "sam", 1);
      await records.commitRun(statusOf("hosts/frodo"), ended("r1", { outcome: "failed" }), []);
      await records.commitRun(
        statusOf("hosts/frodo"),
        ended("r3", { mode: "plan", outcome: "unchanged" }),
        [],
      );
      assert.equal(await records.firstAllowed("hosts/frodo"), true);
      await records.commitRun(statusOf("hosts/frodo"), ended("r2"), []);
      assert.equal(await records.firstAllowed("hosts/frodo"), false);
    });

    withStore("a status is written without a run, too", async ({ records }) => {
      const status = statusOf("hosts/frodo", { attempted: revision });
      await records.putStatus(status);
      assert.deepEqual(await records.statuses(), [status]);
    });

    withStore("of a forgotten stack only its runs are left; others keep everything", async ({ records }) => {
      for (const stack of ["hosts/frodo", "vms/a"]) {
        await records.commitRun(statusOf(stack), ended(`r1-${stack}`, { stack, outcome: "failed" }), [
          driftOf("urn:a", 10, { stack }),
        ]);
        await records.approve({ stack, digest: "d1", by: "sam", at: 1 });
        await records.pause({ stack, why: "x", by: "sam", at: 1 });
        await records.allowFirst(stack, "sam", 1);
      }
      await records.forget("hosts/frodo");
      assert.equal(await records.status("hosts/frodo"), undefined);
      assert.deepEqual(
        (await records.drift()).map(({ stack }) => stack),
        ["vms/a"],
      );
      assert.equal(await records.approval("hosts/frodo", "d1"), undefined);
      assert.equal(await records.firstAllowed("hosts/frodo"), false);
      assert.deepEqual(
        (await records.pauses()).map(({ stack }) => stack),
        ["vms/a"],
      );
      assert.equal((await records.runs({ stack: "hosts/frodo" })).length, 1);
      assert.ok((await records.approval("vms/a", "d1")) && (await records.status("vms/a")));
      assert.equal(await records.firstAllowed("vms/a"), true);
    });

    withStore("settings and live processes survive a restart", async store => {
      const process = { pid: 42, startTime: "991", runId: "r1", what: "pulumi up" };
      await store.records.setSetting("url", "a");
      await store.records.setSetting("url", "b");
      await store.records.processStarted(process);
      await store.records.processStarted({ ...process, pid: 43 });
      await store.records.processEnded(43);
      const again = await store.reopen();
      assert.equal(await again.setting("url"), "b");
      assert.deepEqual(await again.processes(), [process]);
    });
  });
}
