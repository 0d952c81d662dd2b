/** What people do with the plain CLI beside the runs: on record with who, never at the same time as a run, planned anew. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "node:test";
import type { StackFacts } from "../../src/engine/ports/control.ts";
import { statusTable } from "../../src/report/status-table.ts";
import { historyTable } from "../../src/report/history-table.ts";
import { viewsOf } from "../../src/commands/views.ts";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { must, openStage, type Stage } from "../support/holdfast.ts";
import { openProbeProvider } from "../support/pulumi/provider.ts";
import { pulumiBinary } from "../support/pulumi/stage.ts";

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await wait(20, what);
  }
}

const factsOf = async (stage: Stage, stack: string): Promise<StackFacts | undefined> =>
  (await stage.controller().overview()).stacks.find(one => one.stack === stack);

test("a person's change is on record with who, and the stack is planned anew by itself", async t => {
  const stage = await openStage(t, {
    automatic: true,
    files: box => ({
      ...settings({ "*": "{ firstApply: allow, interval: 1h, drift: { every: 1h } }" }),
      ...project("app", fileProgram(box, { motd: "from Git" })),
    }),
  });
  await until("the first deploy", async () =>
    (await stage.controller().runs({})).find(({ outcome }) => outcome === "converged"),
  );
  const pulumi = await stage.personsCli();
  const exported = JSON.parse(await pulumi("stack", "export", "--stack", "organization/app/dev")) as {
    deployment: { resources: { urn: string }[] };
  };
  const urn = exported.deployment.resources.find(one => one.urn.endsWith("::motd"))?.urn ?? "";
  await pulumi("state", "delete", "--yes", "--stack", "organization/app/dev", urn);

  const runs = await until("the run after it", async () => {
    const all = await stage.controller().runs({ stack: "app/dev" });
    return all.findIndex(({ mode }) => mode === "by-hand") > 0 ? all : undefined;
  });
  const record = runs.find(({ mode }) => mode === "by-hand");
  assert.match(record?.by ?? "", /^person \d+$/);
  assert.deepEqual(
    [record?.byHand?.kind, record?.outcome, record?.revision],
    ["import", "converged", undefined],
  );
  assert.match(record?.byHand?.holder?.program ?? "", /pulumi/);
  const shown = historyTable(runs, { now: Date.now() });
  assert.match(shown, /- +person \d+ +by hand: import +converged/);
  await until("the resource is in the state again", async () =>
    (await stage.resources("app/dev")).includes("motd") ? true : undefined,
  );
  await until("a run has looked at it", async () =>
    (await stage.status("app/dev")).touchedAt === undefined ? true : undefined,
  );
});

/** A stack of a provider that may not be asked twice to create the same thing. */
async function openProbes(t: Parameters<typeof openStage>[0]) {
  const provider = await openProbeProvider();
  t.after(() => provider.close());
  const body = (box: string): string =>
    program(
      box,
      `class Thing extends pulumi.CustomResource {
         constructor(name, args, options) { super("probe:index:Thing", name, args, options); }
       }
       const fast = new Thing("fast", { path: ${JSON.stringify(path.join(box, "fast"))}, content: "fast" });
       const args = { path: ${JSON.stringify(path.join(box, "slow"))}, content: "slow" };
       new Thing("slow", args, { dependsOn: fast });`, // Else both creates could be under way at the kill.
    );
  const stage = await openStage(t, { files: box => ({ ...settings(), ...project("app", body(box)) }) });
  return { stage, provider };
}

test("a run waits while a person is at it; a dead person's steps are listed, and ended by word", async t => {
  const { stage, provider } = await openProbes(t);
  const control = stage.controller();
  const cwd = path.join(stage.repository.folder, "app");
  symlinkSync(path.resolve("node_modules"), path.join(stage.repository.folder, "node_modules"));
  // Whatever comes of it (no run has that provider), the stack has a state from then on.
  await stage.plan("app/dev");
  const token = (await stage.holdfast().tokens.create("anna")) ?? "";
  const { startWorker } = await import("../support/pulumi/worker.ts");
  const worker = await startWorker(path.join(cwd, "index.mjs"), {});
  const child = execFile(pulumiBinary, ["up", "--yes", "--skip-preview", "--stack", "organization/app/dev"], {
    cwd,
    env: {
      PATH: process.env["PATH"],
      HOME: stage.data,
      PULUMI_HOME: path.join(stage.data, "pulumi-person"),
      PULUMI_BACKEND_URL: stage.holdfast().stateUrl,
      PULUMI_ACCESS_TOKEN: token,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_DEBUG_PROVIDERS: provider.attach,
      PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.port}`,
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", text => (said += String(text)));
  const ended = once(child, "exit");
  const held = await until("the slow create is under way", async () => {
    assert.equal(child.exitCode, null, said);
    const lock = must(await control.lock("app/dev"));
    return lock.underWay.some(({ urn }) => urn.endsWith("::slow")) ? lock : undefined;
  });
  const slow = held.underWay.find(({ urn }) => urn.endsWith("::slow"))?.urn ?? "";

  await t.test("who holds it is told: in the lock, the overview and the status", async () => {
    assert.equal(held.lease?.who, "anna");
    assert.equal(held.lease.holder?.pid, child.pid);
    assert.equal(held.alive, false, "it is no run of ours");
    // The stack has no status before its first run.
    const run = await stage.sync("app/dev");
    assert.deepEqual([run.outcome, run.failure?.reason], ["held", "stack-busy"]);
    assert.match(JSON.stringify(run.failure), new RegExp(`by anna since .*process ${child.pid}`));
    assert.equal((await factsOf(stage, "app/dev"))?.lease?.who, "anna");
    const table = statusTable(viewsOf(await control.overview()), { now: Date.now() });
    assert.match(table, /Being changed \(update\) by anna, by hand/);
  });

  await t.test(
    "a dead holder's lease can be ended sooner; its create is listed, and nothing is applied",
    async () => {
      child.kill("SIGKILL");
      await ended;
      await worker.stop();
      const after = must(await control.unlock({ stack: "app/dev", by: "bert" }));
      assert.equal(after.lease, undefined);
      assert.deepEqual(
        after.pending.map(({ urn, operation }) => [urn, operation]),
        [[slow, "creating"]],
      );
      const run = await stage.sync("app/dev");
      assert.deepEqual(run.failure, { kind: "stalled", reason: "outcome-unknown", urns: [slow] });
      const kinds = (await control.runs({}))
        .filter(({ byHand }) => byHand)
        .map(one => [one.by, one.byHand?.kind]);
      assert.deepEqual(kinds, [
        ["bert", "unlock"],
        ["anna", "update"],
      ]);
    },
  );

  await t.test("a URN that is none of them is refused, and nothing is done", async () => {
    const refused = await control.unlock({ stack: "app/dev", by: "bert", forget: [`${slow}er`] });
    assert.ok(!refused.ok && refused.failure.reason === "config-invalid");
    assert.equal(must(await control.lock("app/dev")).pending.length, 1);
  });

  await t.test("what was made is adopted with its id, and what was not is forgotten", async () => {
    stage.box.write("slow", "slow");
    const id = path.join(stage.box.folder, "slow");
    const adopted = must(await control.unlock({ stack: "app/dev", by: "bert", adopt: [{ urn: slow, id }] }));
    assert.deepEqual(adopted.pending, []);
    assert.ok((await stage.resources("app/dev")).includes("slow"));
    assert.ok(adopted.unverified, "no run has that provider: nobody could read it");
    const words = (await control.runs({})).flatMap(({ byHand }) => (byHand ? [byHand.kind] : []));
    assert.equal(words[0], "adopt");
  });
});
