/** An update that is bound to a plan does what the plan holds and nothing else; each test changes something in between. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Change } from "../../src/engine/ports/plan.ts";
import type { Applied, Observation, OperationContext } from "../../src/engine/ports/pulumi.ts";
import type { RunStateOutcome } from "../../src/engine/ports/state.ts";
import type { Result } from "../../src/engine/failure.ts";
import { isJournalEntry } from "../../src/backend/journal/entry.ts";
import { killGroup } from "../../src/process/run.ts";
import { openCliStage, type CliStage } from "../support/state-stage.ts";

const STACK = "probe/dev";
/** Between two looks at a condition; a tight loop would take the CLI's processor time. */
const POLL_MS = 10;
let stage: CliStage;
let runs = 0;
before(async () => {
  stage = await openCliStage();
});
after(() => stage.close());

/** Each test begins with an empty stack. */
beforeEach(async () => {
  await stage.control.removeStack(STACK);
  rmSync(stage.target, { recursive: true });
  mkdirSync(stage.target);
  await stage.control.ensureStack(STACK);
});

const file = (name: string): string => path.join(stage.target, name);
const thing = (name: string, content: string): string =>
  `new Thing("${name}", { path: at("${name}"), content: ${content} });\n`;
const urnOf = (name: string): string => `urn:pulumi:dev::probe::probe:index:Thing::${name}`;

const runId = (): string => `run-${++runs}`;

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(JSON.stringify(result.failure));
  return result.value;
}

async function withWorker<T>(
  use: (worker: Awaited<ReturnType<CliStage["worker"]>>) => Promise<T>,
): Promise<T> {
  const worker = await stage.worker();
  try {
    return await use(worker);
  } finally {
    await worker.stop();
  }
}

interface Session {
  readonly id: string;
  readonly context: OperationContext;
  readonly seen: Observation;
  readonly stateVersion: number;
}

async function plan(program: string): Promise<Session> {
  await stage.program(program);
  const id = runId();
  const context = await stage.context(id);
  const stateVersion = await stage.control.version(STACK);
  const seen = unwrap(await withWorker(worker => stage.pulumi.preview(context, worker, { exclude: [] })));
  return { id, context, seen, stateVersion };
}

interface Ended {
  readonly applied: Result<Applied>;
  readonly outcome: RunStateOutcome;
}

async function apply(session: Session, changes: readonly Change[] = session.seen.changes): Promise<Ended> {
  const { id, context, stateVersion } = session;
  await stage.control.bind(id, { kind: "apply", stateVersion, changes });
  const applied = await withWorker(worker => stage.pulumi.up(context, worker, { exclude: [] }));
  return { applied, outcome: await stage.control.endRun(id) };
}

async function urns(): Promise<readonly string[]> {
  return unwrap(await stage.control.resources(STACK))
    .map(resource => resource.urn)
    .filter(urn => urn.includes("Thing::"))
    .map(urn => urn.split("::").at(-1) ?? "")
    .sort();
}

async function converge(program: string): Promise<void> {
  const { outcome } = await apply(await plan(program));
  assert.deepEqual(outcome.refusals, []);
}

test("what was planned is done: secrets, unknown inputs, both kinds of replacement, deletion", async () => {
  const program = `const a = ${thing("a", `"1"`)} new Thing("b", { path: at("b"), content: pulumi.secret("hush") });
    new Thing("c", { path: at("c"), content: a.id });`;
  const first = await apply(await plan(program));
  assert.deepEqual(first.outcome.refusals, []);
  assert.equal(readFileSync(file("c"), "utf8"), file("a"));
  assert.equal(first.outcome.stateVersion, 1);
  const later = program
    .replace(`at("a")`, `at("a2")`)
    .replace(`at("b"), content: pulumi.secret("hush")`, `at("b2"), content: "x", first: true`);
  const second = await apply(await plan(later));
  assert.deepEqual(second.outcome.refusals, []);
  assert.equal(unwrap(second.applied).errors.length, 0);
  assert.ok(existsSync(file("a2")) && !existsSync(file("a")) && !existsSync(file("b")));
  const third = await apply(await plan(""));
  assert.deepEqual(third.outcome.refusals, []);
  assert.deepEqual(await urns(), []);
});

test("a resource that the plan does not hold is refused, and the results of the others are kept", async () => {
  const session = await plan(thing("a", `"1"`));
  await stage.program(
    `const a = ${thing("a", `"1"`)} new Thing("b", { path: at("b"), content: "2" }, { dependsOn: a });`,
  );
  const { outcome } = await apply(session);
  assert.deepEqual(
    outcome.refusals.map(({ urn, operation }) => [urn, operation]),
    [[urnOf("b"), "creating"]],
  );
  assert.ok(existsSync(file("a")) && !existsSync(file("b")));
  assert.deepEqual(await urns(), ["a"]);
  assert.deepEqual(outcome.pending, []);
});

test("refusals in one batch with other steps lose none of their results", async () => {
  const many = Array.from({ length: 30 }, (_, index) => thing(`n${index}`, `"1"`)).join("");
  const session = await plan(many);
  await stage.program(many + thing("late", `"2"`));
  const { outcome } = await apply(session);
  assert.deepEqual(
    outcome.refusals.map(refusal => refusal.urn),
    [urnOf("late")],
  );
  const made = Array.from({ length: 30 }, (_, index) => `n${index}`).filter(name => existsSync(file(name)));
  assert.deepEqual(await urns(), made.sort());
});

test("other inputs than planned are refused; the resource is untouched", async () => {
  await converge(thing("a", `"1"`));
  const session = await plan(thing("a", `"2"`));
  await stage.program(thing("a", `"3"`));
  const { outcome } = await apply(session);
  assert.deepEqual(
    outcome.refusals.map(({ operation, why }) => [operation, why]),
    [["updating", "has other inputs than in the approved plan"]],
  );
  assert.equal(readFileSync(file("a"), "utf8"), "1");
});

test("a deletion that the plan does not hold is refused", async () => {
  await converge(thing("a", `"1"`) + thing("b", `"1"`));
  const session = await plan(thing("a", `"2"`) + thing("b", `"1"`));
  await stage.program(thing("a", `"2"`));
  const { outcome } = await apply(session);
  assert.deepEqual(
    outcome.refusals.map(({ urn, operation }) => [urn, operation]),
    [[urnOf("b"), "deleting"]],
  );
  assert.ok(existsSync(file("b")));
});

test("a plan of an older state may not start", async () => {
  await converge(thing("a", `"1"`));
  const session = await plan(thing("a", `"2"`));
  await converge(thing("a", `"3"`));
  await stage.program(thing("a", `"2"`));
  const { outcome } = await apply(session);
  assert.deepEqual(
    outcome.refusals.map(refusal => refusal.operation),
    ["start"],
  );
  assert.match(outcome.refusals[0]?.why ?? "", /version 1 of the state, which is at version 2 now/);
  assert.equal(readFileSync(file("a"), "utf8"), "3");
});

test("a run without a plan may preview and nothing else", async () => {
  const { id, context } = await plan(thing("a", `"1"`));
  await withWorker(worker => stage.pulumi.up(context, worker, { exclude: [] }));
  const outcome = await stage.control.endRun(id);
  assert.match(outcome.refusals[0]?.why ?? "", /no approved plan/);
  assert.ok(!existsSync(file("a")));
});

test("a run that ended has no access any more", async () => {
  const { id, context } = await plan(thing("a", `"1"`));
  await stage.control.endRun(id);
  const checked = await stage.pulumi.check(context, { exclude: [] });
  assert.ok(!checked.ok);
});

test("an update that found nothing to do does not move the state", async () => {
  const program = `const a = ${thing("a", `pulumi.secret("hush")`)}`;
  await converge(program);
  const { outcome } = await apply(await plan(program));
  assert.equal(outcome.stateVersion, 1);
});

test("a refresh takes in the planned drift, and a deletion that came after the plan is refused", async () => {
  const program = thing("a", `"1"`) + thing("b", `"1"`) + thing("c", `"1"`);
  await converge(program);
  writeFileSync(file("a"), "by hand");
  rmSync(file("c"));
  const session = await plan(program);
  assert.deepEqual(session.seen.drift.map(({ name, op }) => [name, op]).sort(), [
    ["a", "update"],
    ["c", "delete"],
  ]);
  rmSync(file("a"));
  const { id, context, stateVersion } = session;
  const { drift } = session.seen;
  await stage.control.bind(id, { kind: "refresh", stateVersion, drift });
  await stage.pulumi.refresh(context, { targets: drift.map(({ urn }) => urn) });
  const outcome = await stage.control.endRun(id);
  assert.deepEqual(
    outcome.refusals.map(({ urn, operation }) => [urn, operation]),
    [[urnOf("a"), "vanished"]],
  );
  assert.ok((await urns()).includes("a"));
});

test("drift that was planned is taken in by the refresh and repaired by the up", async () => {
  const program = thing("a", `"1"`) + thing("b", `"1"`);
  await converge(program);
  writeFileSync(file("a"), "by hand");
  rmSync(file("b"));
  const session = await plan(program);
  const { id, context, stateVersion, seen } = session;
  await stage.control.bind(id, { kind: "refresh", stateVersion, drift: seen.drift });
  unwrap(await stage.pulumi.refresh(context, { targets: seen.drift.map(({ urn }) => urn) }));
  const { outcome } = await apply({ ...session, stateVersion: await stage.control.version(STACK) });
  assert.deepEqual(outcome.refusals, []);
  assert.deepEqual([readFileSync(file("a"), "utf8"), readFileSync(file("b"), "utf8")], ["1", "1"]);
});

test("a destroy is bound like an apply", async () => {
  await converge(thing("a", `"1"`) + thing("b", `"1"`));
  const id = runId();
  const context = await stage.context(id);
  const stateVersion = await stage.control.version(STACK);
  const seen = unwrap(await stage.pulumi.destroyPreview(context));
  const only = seen.changes.filter(change => change.name !== "b");
  await stage.control.bind(id, { kind: "apply", stateVersion, changes: only });
  await stage.pulumi.destroy(context);
  const refused = await stage.control.endRun(id);
  assert.deepEqual(
    refused.refusals.map(refusal => refusal.urn),
    [urnOf("b")],
  );
  assert.ok(existsSync(file("b")));
});

test("a killed CLI leaves its step as unknown, and the next run may begin at once", async () => {
  const session = await plan(thing("a", `"1"`) + thing("b", `"slow"`));
  const { id, stateVersion, seen, context } = session;
  await stage.control.bind(id, { kind: "apply", stateVersion, changes: seen.changes });
  stage.journalled.length = 0;
  let pid = 0;
  const args = ["up", "--yes", "--skip-preview", "-s", "dev"];
  const env = { PULUMI_ACCESS_TOKEN: context.state.token };
  const going = stage.cli(args, { program: true, env, onStart: started => (pid = started) });
  // The slow one has begun, and the other one's result is stored.
  const stored = (): boolean => {
    const text = JSON.stringify(stage.journalled.filter(isJournalEntry).filter(entry => entry.kind <= 1));
    return text.includes(`"urn":"${urnOf("b")}"`) && text.includes(`"id":"${file("a")}"`);
  };
  const done = going.then(() => true);
  while (!stored())
    assert.ok(
      !(await Promise.race([done, new Promise(resolve => setTimeout(resolve, POLL_MS))])),
      "the CLI ended",
    );
  killGroup(pid, "SIGKILL");
  await going;
  const outcome = await stage.control.endRun(id);
  assert.deepEqual(outcome.pending, [urnOf("b")]);
  assert.deepEqual(await urns(), ["a"]);
  assert.deepEqual(
    (await stage.control.pending(STACK)).map(({ operation }) => operation),
    ["creating"],
  );
  const next = await apply(await plan(thing("a", `"2"`)));
  assert.deepEqual(next.outcome.refusals, []);
  assert.equal(readFileSync(file("a"), "utf8"), "2");
});

test("a StackReference sees the other stack's outputs and nothing more", async () => {
  await stage.program(
    `${thing("hidden", `pulumi.secret("deep")`)} export const password = pulumi.secret("hush"); export const plain = "p";`,
  );
  await stage.cli(["stack", "init", "other"]);
  const other = await stage.cli(["up", "--yes", "--skip-preview", "-s", "other"], { program: true });
  assert.equal(other.code, 0, other.text);
  await converge(`const other = new pulumi.StackReference("organization/probe/other");
    new Thing("a", { path: at("a"), content: other.requireOutput("password") });`);
  assert.equal(readFileSync(file("a"), "utf8"), "hush");
  const id = runId();
  const { state } = await stage.context(id);
  const seen = await fetch(`${state.url}/api/stacks/organization/probe/other/export`, {
    headers: { authorization: `token ${state.token}` },
  });
  const text = await seen.text();
  assert.equal(seen.status, 200);
  assert.ok(text.includes("password") && !text.includes("hidden"));
  await stage.control.endRun(id);
});
