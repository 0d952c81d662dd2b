/**
 * Who was stopped past its lease, and goes on after another took its stack over, changes neither state nor target. And
 * one data folder has one daemon, also while that one is stopped.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { isDeepStrictEqual } from "node:util";
import { filesOf, generations, makeStage, until, type Daemon, type Stage } from "../support/daemon-stage.ts";
import { pulumiBinary } from "../support/pulumi/stage.ts";

/** One second more than a lease lasts. */
const PAST_LEASE_MS = 301_000;

function one(stage: Stage, sql: string): unknown {
  const db = new DatabaseSync(path.join(stage.data, "holdfast.db"), { readOnly: true });
  try {
    return db.prepare(`SELECT (${sql}) AS value`).get()?.["value"];
  } finally {
    db.close();
  }
}

/** The plain CLI of a person who is logged in: it needs the state service only. */
async function personOf(stage: Stage): Promise<(...args: readonly string[]) => Promise<string>> {
  const { token, stateUrl } = await stage.json("token", "create", "grace");
  const env = {
    PULUMI_HOME: path.join(stage.base, "pulumi-of-grace"),
    PULUMI_BACKEND_URL: String(stateUrl),
    PULUMI_ACCESS_TOKEN: String(token),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return async (...args) => {
    const { code, stdout, stderr } = await stage.runProgram(
      pulumiBinary,
      [...args, "--stack", "organization/app/prod"],
      env,
    );
    assert.equal(code, 0, `pulumi ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
}

/** While the controller is stopped nobody has its keys, so that nobody can take a stack over: its lease runs out, no more. */
const victims = {
  "the Pulumi CLI": { part: "pulumi up", taken: true },
  "the provider host": { part: "providers/main.ts", taken: true },
  "the controller": { part: undefined, taken: false },
} as const;

function pidOf(stage: Stage, daemon: Daemon, part: string | undefined): number {
  if (part === undefined) return daemon.pid;
  const found = stage.processes().find(({ command }) => command.includes(part));
  return found?.pid ?? assert.fail(`a process with ${part}`);
}

/** A person takes the stack over; answers what the state is from then on. */
async function takeOver(stage: Stage, person: Awaited<ReturnType<typeof personOf>>): Promise<string> {
  const file = path.join(stage.base, "taken.json");
  const state = JSON.parse(await person("stack", "export")) as { deployment: { resources: unknown[] } };
  // It can be told from what was there: one resource less, which is on the target.
  state.deployment.resources.pop();
  writeFileSync(file, JSON.stringify(state));
  await person("stack", "import", "--force", "--file", file);
  return person("stack", "export");
}

for (const [name, { part, taken }] of Object.entries(victims)) {
  const lost = taken ? "and continued after another took the stack over" : "and continued";
  test(`${name}, stopped past its lease ${lost}, changes nothing`, async t => {
    const stage = makeStage(t, { files: place => generations(place, 1) });
    const clock = path.join(stage.base, "clock");
    writeFileSync(clock, "0");
    const daemon = await stage.serve([], { env: { HOLDFAST_TEST_CLOCK: clock } });
    const person = await personOf(stage);
    const before = filesOf(1).filter(file => file !== "1-last");
    await until("only the last step is left", () => isDeepStrictEqual(stage.files(), before));
    // Nobody but the old run may touch it from now on: whatever changes, that one has changed.
    assert.equal((await stage.run(["pause", "app/prod", "--why", "a test"])).code, 0);
    const pid = pidOf(stage, daemon, part);
    process.kill(pid, "SIGSTOP");
    // The CLI goes on, as far as the stopped one answers.
    if (name !== "the Pulumi CLI") stage.openGate(1);
    writeFileSync(clock, String(PAST_LEASE_MS));
    const state = taken ? await takeOver(stage, person) : undefined;
    process.kill(pid, "SIGCONT");
    stage.openGate(1);
    const open = "SELECT count(*) FROM runs WHERE ended IS NULL";
    await until("the old run has ended", () => one(stage, open) === 0);
    const runs = [...((await stage.json("history"))["runs"] ?? [])];
    assert.deepEqual(
      runs.filter(({ mode }) => mode === "converge").map(({ outcome }) => outcome),
      ["failed"],
    );
    assert.deepEqual(stage.files(), before, "the target");
    if (state !== undefined) assert.equal(await person("stack", "export"), state, "the state");

    assert.equal((await stage.run(["resume", "app/prod"])).code, 0);
    await until("the next run puts all right", () => isDeepStrictEqual(stage.files(), filesOf(1)));
  });
}

test("a second daemon on the data folder is refused, also while the first one is stopped", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  stage.openGate(1);
  const first = await stage.serve();
  await until("it has deployed", () => first.stderr().includes("app/prod converged"));
  const refused = async (): Promise<void> => {
    const { code, stderr } = await stage.run(["serve", "--listen", "127.0.0.1:0"]);
    assert.equal(code, 3);
    assert.match(stderr, new RegExp(`holdfast serve \\(process ${first.pid}\\) works on the data folder`));
  };
  await refused();
  process.kill(first.pid, "SIGSTOP");
  try {
    await refused();
  } finally {
    process.kill(first.pid, "SIGCONT");
  }
  stage.openGate(2);
  stage.repository.commit("second", generations(stage, 2));
  await until("the first one goes on", () => stage.files().length === filesOf(2).length);
});
