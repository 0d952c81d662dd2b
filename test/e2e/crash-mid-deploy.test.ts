/** `kill -9` in the middle of a deploy, of each process in turn: it converges by itself, and nothing is stuck, doubled or left. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { signalProcess } from "../../src/process/signal.ts";
import {
  filesOf,
  generations,
  inTheMiddle,
  makeStage,
  until,
  type Daemon,
  type Process,
  type Stage,
} from "../support/daemon-stage.ts";

function query(stage: Stage, sql: string): Record<string, unknown> | undefined {
  const db = new DatabaseSync(path.join(stage.data, "holdfast.db"), { readOnly: true });
  try {
    return db.prepare(sql).get();
  } finally {
    db.close();
  }
}

const count = (stage: Stage, what: string): unknown =>
  query(stage, `SELECT count(*) AS n FROM ${what}`)?.["n"];

/** Those with this in their command line: of workers, also the ones that wait for a program. */
function find(stage: Stage, part: string): readonly Process[] {
  const found = stage.processes().filter(({ command }) => command.includes(part));
  assert.ok(found.length > 0, `a process with ${part}, of ${JSON.stringify(stage.processes())}`);
  return found;
}

/** Kills all that {@link find} finds; with the first of a worker's processes others may be gone already. */
function kill(stage: Stage, part: string): void {
  const killed = find(stage, part).filter(({ pid }) => signalProcess(pid, "SIGKILL"));
  assert.ok(killed.length > 0, `a process with ${part} that lives`);
}

/** The newest commit is deployed without a failure. */
const converged = (stage: Stage): Promise<boolean> =>
  until(`${stage.repository.head()} is deployed`, () => {
    const row = query(stage, "SELECT doc FROM stack_status WHERE stack = 'app/prod'");
    const status = JSON.parse(typeof row?.["doc"] === "string" ? row["doc"] : "{}") as {
      deployed?: { sha: string };
      failure?: unknown;
    };
    return status.deployed?.sha === stage.repository.head() && status.failure === undefined;
  });

function targetIsWhole(stage: Stage, newest: number): void {
  assert.deepEqual(stage.files(), filesOf(newest), "each file is there, and nothing else");
  for (const name of stage.files()) {
    const content = readFileSync(path.join(stage.sandbox, name), "utf8");
    assert.equal(content, name.endsWith("-last") ? "last\n" : `${name}\n`);
  }
}

async function stateIsWhole(stage: Stage, newest: number): Promise<void> {
  const { deployment } = await stage.json("export-state", "app/prod");
  const resources = [...(deployment?.["resources"] ?? [])];
  const urns = resources.map(({ urn }) => urn);
  assert.equal(new Set(urns).size, urns.length, "the state lists each resource once");
  const files = resources.filter(({ type }) => type === "holdfast:host:File");
  assert.deepEqual(files.map(({ inputs }) => String(inputs?.["path"]).slice(1)).sort(), filesOf(newest));
  assert.equal(deployment?.["pending_operations"], undefined, "no step has an unknown end");
}

function nothingIsHeld(stage: Stage): void {
  assert.equal(
    count(stage, "state_updates WHERE dry_run = 0 AND status IN ('running', 'closing')"),
    0,
    "leases",
  );
  assert.equal(count(stage, "runs WHERE ended IS NULL"), 0, "runs without an end");
  assert.equal(count(stage, "state_runs"), 0, "tokens of runs");
  assert.equal(count(stage, "processes"), 0, "processes that are thought to live");
}

async function allIsWell(stage: Stage, newest: number): Promise<void> {
  targetIsWhole(stage, newest);
  await stateIsWhole(stage, newest);
  nothingIsHeld(stage);
  const { stacks } = await stage.json("status");
  assert.equal(stacks?.[0]?.["state"], "in-sync");
}

/** Commits a generation and waits for the middle of its deploy. */
async function deployHalf(stage: Stage, generation: number): Promise<void> {
  stage.repository.commit(`generation ${generation}`, generations(stage, generation));
  await inTheMiddle(stage, generation);
}

const gone = (stage: Stage): Promise<boolean> =>
  until("no process is left", () => stage.processes().length === 0);

test("a deploy survives the death of any of its processes, and of the daemon", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  let daemon: Daemon = await stage.serve();
  await inTheMiddle(stage, 1);

  await t.test("kill -9 of the daemon: its processes end, and after a restart it goes on", async () => {
    daemon.kill("SIGKILL");
    await gone(stage);
    stage.openGate(1);
    daemon = await stage.serve();
    await converged(stage);
    await allIsWell(stage, 1);
  });

  const victims: readonly (readonly [string, string])[] = [
    ["the Pulumi CLI", "pulumi up"],
    ["the state service", "wire-state-main"],
    ["the provider host", "providers/main.ts"],
    ["the program worker", "worker/boot.ts"],
  ];
  for (const [index, [name, part]] of victims.entries()) {
    await t.test(`kill -9 of ${name}: it goes on by itself`, async () => {
      const generation = index + 2;
      await deployHalf(stage, generation);
      kill(stage, part);
      stage.openGate(generation);
      await converged(stage);
      await allIsWell(stage, generation);
    });
  }

  await t.test(
    "SIGTERM in the middle of an apply: the apply is finished, and the daemon ends with 0",
    async () => {
      await deployHalf(stage, 6);
      daemon.kill("SIGTERM");
      await until("it says so", () => daemon.stderr().includes("stopping"));
      stage.openGate(6);
      assert.equal((await daemon.ended).code, 0);
      await gone(stage);
      targetIsWhole(stage, 6);
      nothingIsHeld(stage);
      assert.match(daemon.stderr(), /converged \+25/);
    },
  );

  await t.test("kill -9 of a sync without a daemon: the next one goes on", async () => {
    stage.repository.commit("generation 7", generations(stage, 7));
    const sync = stage.start(["sync"], { detached: true });
    await inTheMiddle(stage, 7);
    sync.kill("SIGKILL"); // its whole process group
    await gone(stage);
    stage.openGate(7);
    const again = await stage.run(["sync"]);
    assert.equal(again.code, 0, again.stderr);
    await allIsWell(stage, 7);
    await gone(stage);
  });

  await t.test("SIGTERM while it plans: the plan is given up, and the daemon ends with 0", async () => {
    stage.blockPlans();
    stage.repository.commit("generation 8", generations(stage, 8));
    daemon = await stage.serve();
    await until("it plans", () =>
      stage.processes().some(({ command }) => /pulumi (preview|up) /.test(command)),
    );
    daemon.kill("SIGTERM");
    assert.equal((await daemon.ended).code, 0);
    await gone(stage);
    nothingIsHeld(stage);
    const { runs } = await stage.json("history");
    assert.equal(runs?.[0]?.["outcome"], "aborted");
  });
});
