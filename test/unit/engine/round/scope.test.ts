import assert from "node:assert/strict";
import { test } from "node:test";
import { ok } from "../../../../src/engine/failure.ts";
import type { ProbeReport } from "../../../../src/engine/ports/probe.ts";
import type { StackSettings } from "../../../../src/engine/ports/stack.ts";
import type { Round } from "../../../../src/engine/round/round.ts";
import { likelyScope, scopeOf } from "../../../../src/engine/round/scope.ts";
import type { Run } from "../../../../src/engine/run.ts";
import { settings } from "../../../support/engine-samples.ts";

interface Told {
  readonly run?: Partial<Run>;
  readonly settings?: Partial<StackSettings>;
  readonly version?: number;
  readonly plugins?: readonly string[];
  /** Default true. */
  readonly alone?: boolean;
  /** Default true. */
  readonly onlyOwn?: boolean;
  /** URNs that differ. */
  readonly differing?: readonly string[];
}

function round(told: Told): Round {
  const { run, version = 7, plugins = [], differing = [], onlyOwn = true } = told;
  const stack = { name: "hosts/frodo", settings: settings({ managed: true, ...told.settings }) };
  const differences = differing.map(urn => ({ urn, paths: ["content"] }));
  const report: ProbeReport = { stack: stack.name, version, watched: 700, differences, silent: [] };
  const made = {
    run: { mode: "converge", trigger: "commit", light: false, trustsState: false, stack, ...run },
    view: { version, resources: 700, references: [], onlyOwn, unknown: [] },
    signals: { alone: () => told.alone ?? true },
    context: { program: { plugins } },
    world: {
      state: { pending: () => Promise.resolve([]), resources: () => Promise.resolve(ok([])) },
      providers: {
        probe: (_: unknown, tell: (report: ProbeReport) => void) => Promise.resolve(tell(report)),
      },
    },
  };
  return made as unknown as Round;
}

const scope = (told: Told) => scopeOf(round(told));

const ALL = { refresh: true };
const SETTLED: Partial<Run> = { trustsState: true };
const REPAIR: Partial<Run> = { trigger: "probe", light: true };

test("nothing is read where there is nothing yet, or where a new revision finds all as the state says", async () => {
  assert.deepEqual(await scope({ version: 0 }), { refresh: false });
  assert.deepEqual(await scope({ run: SETTLED }), { refresh: false });
  assert.deepEqual(await scope({ run: SETTLED, differing: ["a"] }), ALL);
  assert.deepEqual(await scope({}), ALL);
});

test("what is likely is known before hosts are asked, where they are, and where no other run needs the cores", () => {
  assert.deepEqual(likelyScope(round({ run: SETTLED })), { refresh: false });
  const none: readonly Told[] = [
    {},
    { run: REPAIR },
    { run: { ...SETTLED, mode: "check" } },
    { run: SETTLED, onlyOwn: false },
    { run: SETTLED, alone: false },
  ];
  for (const told of none) assert.equal(likelyScope(round(told)), undefined, JSON.stringify(told));
});

test("a repair that nobody asked for looks at what differs, and at what depends on it", async () => {
  const some = { refresh: true, targets: { urns: ["a", "b"], dependents: true } };
  for (const trigger of ["probe", "drift"] as const)
    assert.deepEqual(await scope({ run: { ...REPAIR, trigger }, differing: ["a", "b"] }), some);
});

test("everything is looked at where more may be there to do than what differs", async () => {
  const differing = ["a"];
  const rule = { name: "a", owner: "ada", why: "she tries something" };
  const { drift } = settings({});
  const all: readonly Told[] = [
    { run: { ...REPAIR, trigger: "manual" }, differing },
    { run: { ...REPAIR, light: false }, differing },
    { run: { ...REPAIR, mode: "plan" }, differing },
    { run: REPAIR, differing: [] },
    { run: REPAIR, differing: Array.from({ length: 501 }, (_, index) => `f${index}`) },
    { run: REPAIR, differing, plugins: ["kubernetes"] },
    { run: REPAIR, differing, settings: { ignoreDrift: [rule] } },
    { run: REPAIR, differing, settings: { drift: { ...drift, action: "notify" } } },
  ];
  for (const told of all) assert.deepEqual(await scope(told), ALL, JSON.stringify(told).slice(0, 200));
});
