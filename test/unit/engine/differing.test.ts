import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProbeReport } from "../../../src/engine/ports/probe.ts";
import type { Run, RunWorld } from "../../../src/engine/run.ts";
import { differing } from "../../../src/engine/steps/differing.ts";
import type { StateView } from "../../../src/engine/steps/workspace.ts";

const VIEW: StateView = { version: 7, resources: 2, references: [], onlyOwn: true, unknown: [] };
const SAME: ProbeReport = { stack: "hosts/frodo", version: 7, watched: 2, differences: [], silent: [] };

interface Told {
  readonly view?: Partial<StateView>;
  /** Undefined: nobody reports. */
  readonly report?: ProbeReport | undefined;
  readonly pending?: readonly unknown[];
}

function ask({ view = {}, report, pending = [] }: Told): Promise<readonly string[] | undefined> {
  const world = {
    state: { pending: () => Promise.resolve(pending) },
    providers: {
      probe: (_targets: unknown, tell: (report: ProbeReport) => void) => {
        if (report) tell(report);
        return Promise.resolve();
      },
    },
  };
  const run = { stack: { name: "hosts/frodo" } };
  return differing(run as unknown as Run, world as unknown as RunWorld, { ...VIEW, ...view });
}

test("what differs is known where every resource was asked about", async () => {
  const differences = [{ urn: "a", paths: ["content"] }];
  assert.deepEqual(await ask({ report: SAME }), []);
  assert.deepEqual(await ask({ report: { ...SAME, differences } }), ["a"]);
});

test("in doubt it is not", async () => {
  const doubts: readonly Told[] = [
    {},
    { report: { ...SAME, watched: 1 } },
    { report: { ...SAME, version: 6 } },
    { report: { ...SAME, silent: [{ host: "frodo", why: "no route" }] } },
    { report: SAME, pending: [{ urn: "a" }] },
    { report: SAME, view: { onlyOwn: false } },
    { report: SAME, view: { unknown: [{ urn: "a", why: "down" }] } },
    { report: { ...SAME, watched: 0 }, view: { resources: 0 } },
  ];
  for (const doubt of doubts) assert.equal(await ask(doubt), undefined, JSON.stringify(doubt));
});
