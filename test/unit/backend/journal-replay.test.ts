/**
 * Our replay is Pulumi's: generated journals against Pulumi's own JournalReplayer. test/support/journal/settings.ts has
 * the long run and how to repeat a failure.
 */
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import fc from "fast-check";
import { integrityProblems } from "../../../src/backend/deployment/integrity.ts";
import type { JournalEntry } from "../../../src/backend/journal/entry.ts";
import { engineJournals, wildJournals } from "../../support/journal/arbitrary.ts";
import {
  assertSame,
  essence,
  ours,
  plain,
  withAnsweredCreates,
  withKeptFeature,
  withPlaceholder,
  withoutLostPointers,
} from "../../support/journal/compare.ts";
import { batchesOf, deliveries, openDeliveries, type Bench } from "../../support/journal/delivery.ts";
import { openOracle, type Oracle } from "../../support/journal/oracle.ts";
import { readRecorded, record } from "../../support/journal/recorded.ts";
import { runs, seeded } from "../../support/journal/settings.ts";

type There = Extract<Oracle, { skip: false }>;

let oracle: Oracle;
let bench: Bench;
before(async () => {
  oracle = await openOracle();
  bench = openDeliveries();
  if (process.env["HOLDFAST_RECORD_JOURNALS"] && oracle.skip === false) await record(oracle);
});
after(async () => {
  if (oracle.skip === false) await oracle.close();
  bench.close();
});

/** Runs with the oracle, or says why not: the recorded cases are compared all the same. */
const compared = (name: string, body: (oracle: There) => Promise<void>): void => {
  test(name, (context: TestContext) => {
    if (oracle.skip === false) return body(oracle);
    context.skip(`only recorded journals are compared: no journal-oracle, ${oracle.skip}`);
    return undefined;
  });
};

test("recorded journals give what Pulumi's replayer answered", async () => {
  const recorded = readRecorded();
  assert.ok(recorded.length >= 30, `${recorded.length} are recorded`);
  for (const [index, one] of recorded.entries()) {
    const { answer, ...asked } = one;
    assertSame(asked, answer, `line ${index + 1}`);
    if (oracle.skip !== false) continue;
    const now = await oracle.ask(asked);
    assert.deepEqual(plain(now), plain(answer), `line ${index + 1} is out of date: record anew`);
  }
});

compared("an update's journal, cut off after any entry, gives what Pulumi's replayer gives", async pulumi => {
  const property = fc.asyncProperty(engineJournals, async ({ base, entries }) => {
    for (let cut = 0; cut <= entries.length; cut++) {
      const asked = { base, entries: entries.slice(0, cut) };
      const answer = await pulumi.ask(asked);
      assertSame(asked, answer, `cut after ${cut}`);
      assert.equal(answer.broken, undefined, `cut after ${cut}: Pulumi reads it`);
    }
  });
  await fc.assert(property, seeded);
});

compared("any entries in any order give what Pulumi's replayer gives", async pulumi => {
  const property = fc.asyncProperty(wildJournals, async asked => {
    const answer = await pulumi.ask(asked);
    const { deployment } = ours(asked).checkpoint;
    if (answer.error?.includes("have the same alias")) {
      // On purpose different: Pulumi's replayer gives up, and the update's state would be lost with it.
      const apart = { ...asked, entries: asked.entries.map(withoutAliases) };
      const { deployment: all } = await pulumi.ask(apart);
      assert.equal(deployment.resources?.length, all?.resources?.length);
      return;
    }
    assertSame(asked, answer);
    const problems = integrityProblems(deployment);
    assert.equal(
      problems.length > 0,
      answer.broken !== undefined,
      `${answer.broken}; ${problems.join(", ")}`,
    );
  });
  await fc.assert(property, seeded);
});

function withoutAliases(entry: JournalEntry): JournalEntry {
  if (!entry.state) return entry;
  const { aliases: _dropped, ...state } = entry.state;
  return { ...entry, state };
}

compared("repeated and reordered batches, restarts and lost ends give the same state", async pulumi => {
  const property = fc.asyncProperty(engineJournals, deliveries, async ({ base, entries }, delivery) => {
    const batches = batchesOf(entries, delivery);
    const { before, after, moved } = await bench.deliver(base, batches, delivery.end);
    const arrived = new Map(batches.flat().map(entry => [entry.sequenceID, entry]));
    const inOrder = [...arrived.values()].sort((a, b) => a.sequenceID - b.sequenceID);
    const answer = await pulumi.ask({ base: before, entries: withoutLostPointers(inOrder) });
    assert.equal(answer.error, undefined);
    const expected = withAnsweredCreates(withPlaceholder(withKeptFeature(answer, before)), inOrder);
    const same = JSON.stringify(essence(before)) === JSON.stringify(essence(expected));
    assert.equal(moved, !same && inOrder.length > 0);
    assert.deepEqual(plain(after), plain(moved ? expected : before));
    assert.equal(bench.left(), 0, "a checkpoint takes its journal's place");
  });
  // Each goes through the real store, and takes ten times as long as the others.
  await fc.assert(property, { ...seeded, numRuns: Math.ceil(runs / 3) });
});

test("the generated journals hold what updates are made of", () => {
  const seen = new Map<string, number>();
  const note = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  for (const { base, entries } of fc.sample(engineJournals, { numRuns: 1000, seed: 1 })) {
    const ended = new Set(entries.filter(({ kind }) => kind !== 0).map(({ operationID }) => operationID));
    if (base.deployment?.pending_operations) note("pending operations");
    for (const entry of entries) features(entry, ended).forEach(note);
    const pending = base.deployment?.pending_operations?.map(({ resource }) => resource.urn) ?? [];
    if (entries.some(({ operation }) => operation && pending.includes(operation.resource.urn)))
      note("created again");
  }
  for (const what of WANTED) assert.ok((seen.get(what) ?? 0) >= 5, `${what}: ${seen.get(what) ?? 0}`);
});

const WANTED = [
  ...["creating", "updating", "deleting", "reading", "importing"],
  ...["pending operations", "lost", "failed", "child", "alias", "protect", "retained", "outputs"],
  ...[
    "create before delete",
    "delete before create",
    "refresh changed",
    "refresh gone",
    "rebuilt",
    "skipped",
  ],
  ...["changed twice", "created again", "extension", "snippets", "secrets manager", "byte string"],
];

function features(entry: JournalEntry, ended: ReadonlySet<number>): readonly string[] {
  const { kind, state, operation } = entry;
  const named = [
    undefined,
    undefined,
    "failed",
    undefined,
    "outputs",
    undefined,
    "secrets manager",
    "rebuilt",
  ];
  const found: readonly (readonly [string | undefined, unknown])[] = [
    [operation?.type, operation],
    [[...named, "extension", "snippets"][kind], true],
    ["lost", kind === 0 && !ended.has(entry.operationID)],
    ["child", state?.parent && state.parent.split("::")[2] !== "pulumi:pulumi:Stack"],
    ["alias", state?.aliases],
    ["protect", state?.protect],
    ["retained", state?.["retainOnDelete"]],
    ["create before delete", typeof entry.deleteOld === "number"],
    ["delete before create", typeof entry.pendingReplacementOld === "number"],
    ["refresh changed", kind === 3 && state],
    ["refresh gone", kind === 3 && !state],
    ["skipped", kind === 1 && !state && typeof entry.removeOld !== "number"],
    ["changed twice", typeof entry.removeNew === "number"],
    ["byte string", entry.requiresByteString],
  ];
  return found.flatMap(([name, is]) => (name && is ? [name] : []));
}
