/**
 * How long a large stack takes to open: `node bench/open-state.ts [--resources N]`. The state service runs in this
 * process, the CLI is the real one; each figure is the median of five.
 */
import { parseArgs } from "node:util";
import type { Checkpoint, Resource } from "../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../src/backend/journal/entry.ts";
import { openCliStage } from "../test/support/state-stage.ts";

const { values } = parseArgs({ options: { resources: { type: "string", default: "10000" } } });
const count = Number(values.resources);
const STACK = "probe/large";
const ROOT = "urn:pulumi:large::probe::pulumi:pulumi:Stack::probe-large";
const TIMES = 5;
/** Entries that the CLI sends at once. */
const BATCH = 100;

const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"s"' };

/** About 1.2 KB each, as a file with its outputs; one in ten holds a secret. */
function resource(index: number): Resource {
  const urn = `urn:pulumi:large::probe::probe:index:Thing::thing-${index}`;
  const before = index > 0 && [`urn:pulumi:large::probe::probe:index:Thing::thing-${index - 1}`];
  const inputs = {
    path: `/srv/data/thing-${index}`,
    content: index % 10 === 0 ? secret : "x".repeat(200),
    labels: { team: "platform", tier: "backend", index },
  };
  return {
    urn,
    custom: true,
    id: `/srv/data/thing-${index}`,
    type: "probe:index:Thing",
    inputs,
    outputs: { ...inputs, checksum: "0".repeat(64) },
    parent: ROOT,
    ...(before && { dependencies: before, propertyDependencies: { path: before } }),
    created: "2026-01-01T00:00:00Z",
    modified: "2026-01-01T00:00:00Z",
  };
}

const root: Resource = { urn: ROOT, custom: false, type: "pulumi:pulumi:Stack" };
const resources = [root, ...Array.from({ length: count }, (_, index) => resource(index))];
const checkpoint: Checkpoint = {
  version: 3,
  deployment: { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" }, resources },
};

/** An update that made them all. */
function* creations(): Generator<JournalEntry> {
  let sequenceID = 0;
  for (const [index, state] of resources.entries()) {
    const operation = { type: "creating", resource: state };
    yield { version: 1, kind: KIND.begin, sequenceID: ++sequenceID, operationID: index + 1, operation };
    yield { version: 1, kind: KIND.success, sequenceID: ++sequenceID, operationID: index + 1, state };
  }
}

const line = (what: string, ms: number): void =>
  void process.stdout.write(`${what.padEnd(58)} ${(ms / 1000).toFixed(2).padStart(6)} s\n`);

async function median(what: string, work: () => unknown): Promise<void> {
  const taken: number[] = [];
  for (let turn = 0; turn < TIMES; turn++) {
    const start = performance.now();
    await work();
    taken.push(performance.now() - start);
  }
  line(what, taken.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0);
}

const stage = await openCliStage();

/** The update that made them all was killed before its end: its journal is replayed by who reads the state next. */
async function died(): Promise<void> {
  const name = "probe/dead";
  await stage.control.ensureStack(name);
  const stack = await stage.store.stack(name);
  if (!stack) throw new Error("no stack");
  const now = Date.now();
  const update = {
    id: "dead",
    stackId: stack.id,
    kind: "update",
    dryRun: false,
    who: "anna",
    createdAt: now,
  };
  await stage.store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  await stage.store.startUpdate({ id: "dead", tokenHash: new Uint8Array(32), at: now, expiresAt: now });
  const rows = [...creations()].map(entry => ({ sequence: entry.sequenceID, text: JSON.stringify(entry) }));
  for (let from = 0; from < rows.length; from += BATCH)
    await stage.store.appendJournal("dead", rows.slice(from, from + BATCH));
  const start = performance.now();
  if ((await stage.control.version(name)) === 0) throw new Error("nothing was replayed");
  line(`replay of the ${rows.length} journal entries of a killed update`, performance.now() - start);
}

try {
  const start = performance.now();
  const imported = await stage.control.importState(STACK, checkpoint);
  if (!imported.ok) throw new Error(JSON.stringify(imported.failure));
  const took = (performance.now() - start) / 1000;
  const stack = await stage.store.stack(STACK);
  const { text = "" } = (stack && (await stage.store.checkpoint(stack.id))) ?? {};
  process.stdout.write(
    `${count} resources, a checkpoint of ${(text.length / 1e6).toFixed(1)} MB, imported in ${took.toFixed(2)} s\n`,
  );
  const cli = async (...args: readonly string[]): Promise<void> => {
    const ended = await stage.cli([...args, "-s", "large"]);
    if (ended.code !== 0) throw new Error(ended.text);
  };
  await median("version (asked before each run)", () => stage.control.version(STACK));
  await median("resources, secrets opened", () => stage.control.resources(STACK, { openSecrets: true }));
  await median("export over HTTP", async () => {
    const url = `${stage.url}/api/stacks/organization/${STACK}/export`;
    await (await fetch(url, { headers: { authorization: `token ${stage.token}` } })).text();
  });
  await median("pulumi stack", () => cli("stack"));
  await median("pulumi stack export", () => cli("stack", "export", "--file", "/dev/null"));
  await died();
} finally {
  await stage.close();
}
