import assert from "node:assert/strict";
import { test } from "node:test";
import { boundPlan, judge, type Base } from "../../../src/backend/binding/judge.ts";
import { KIND, type JournalEntry } from "../../../src/backend/journal/entry.ts";
import type { Change } from "../../../src/engine/ports/plan.ts";
import { change } from "../../support/engine-samples.ts";

const ROOT = "pulumi:pulumi:Stack";
const provider = change("vault", "update", {
  type: "pulumi:providers:vault",
  urn: "urn:pulumi:dev::p::pulumi:providers:vault::vault",
  after: { address: "b", token: "[secret]" },
});
const gone = change("gone", "delete");
const edited = change("edited", "update");
const state = [provider.urn, gone.urn, edited.urn];
const base: Base = { urnAt: async index => state[index], hasRead: async () => false };

const refresh = (changes?: readonly Change[]) =>
  boundPlan({ kind: "refresh", stateVersion: 1, drift: [gone, edited], ...(changes && { changes }) });

let sequence = 0;
const entry = (kind: number, more: Partial<JournalEntry>): JournalEntry => ({
  version: 1,
  kind,
  sequenceID: ++sequence,
  operationID: sequence,
  ...more,
});
const begin = (type: "creating" | "updating", { urn, type: of }: Change, inputs = {}): JournalEntry =>
  entry(KIND.begin, { operation: { type, resource: { urn, type: of, custom: true, inputs } } });
/** How a refresh that runs the program says that something is gone. */
const vanished = (removeOld: number): JournalEntry => entry(KIND.success, { isRefresh: true, removeOld });

async function refusals(plan: ReturnType<typeof boundPlan>, ...entries: JournalEntry[]): Promise<string[]> {
  return (await judge(plan, entries, base)).refusals.map(({ urn, operation }) => `${operation} ${urn}`);
}

test("a refresh may take in what was planned as gone, and nothing else", async () => {
  assert.deepEqual(await refusals(refresh(), vanished(1)), []);
  assert.deepEqual(await refusals(refresh(), vanished(2)), [`vanished ${edited.urn}`]);
  assert.deepEqual(await refusals(refresh([provider]), vanished(2)), [`vanished ${edited.urn}`]);
});

test("an up that refreshes first takes of what is gone only what the plan corrects out of the state", async () => {
  const up = (drift?: readonly Change[]) =>
    boundPlan({ kind: "apply", stateVersion: 1, changes: [], ...(drift && { drift }) });
  assert.deepEqual(await refusals(up([gone]), vanished(1)), []);
  assert.deepEqual(await refusals(up([gone]), vanished(2)), [`vanished ${edited.urn}`]);
  assert.deepEqual(await refusals(up(), vanished(1)), [`vanished ${gone.urn}`]);
});

test("a refresh that runs the program may set providers as planned", async () => {
  const planned = begin("updating", provider, { address: "b", token: "any" });
  assert.deepEqual(await refusals(refresh([provider]), planned), []);
  assert.deepEqual(await refusals(refresh(), planned), [`updating ${provider.urn}`]);
  const moved = begin("updating", provider, { address: "c", token: "any" });
  assert.deepEqual(await refusals(refresh([provider]), moved), [`updating ${provider.urn}`]);
});

test("and change no resource, also one that has drifted", async () => {
  assert.deepEqual(await refusals(refresh([provider]), begin("updating", edited)), [
    `updating ${edited.urn}`,
  ]);
  const made = change("made", "create");
  assert.deepEqual(await refusals(refresh([provider]), begin("creating", made)), [`creating ${made.urn}`]);
});

test("the stack's outputs are the up's to store: a refresh knows nothing that is made then", async () => {
  const resource = { urn: `urn:pulumi:dev::p::${ROOT}::p-dev`, type: ROOT, custom: false };
  const outputs = entry(KIND.outputs, { state: { ...resource, outputs: { id: "unknown" } } });
  const other = entry(KIND.outputs, { state: { ...resource, type: "p:index:Group" } });
  const kept = async (plan: ReturnType<typeof boundPlan>): Promise<readonly JournalEntry[]> =>
    (await judge(plan, [outputs, other], base)).keep;
  assert.deepEqual(await kept(refresh([provider])), [other]);
  const up = boundPlan({ kind: "apply", stateVersion: 1, changes: [] });
  assert.deepEqual(await kept(up), [outputs, other]);
});
