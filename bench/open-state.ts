/** How long a large stack takes to open. The state service runs in this process, the CLI is the real one. */
import type { Checkpoint, Resource } from "../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../src/backend/journal/entry.ts";
import { openCliStage } from "../test/support/state-stage.ts";
import { median, seconds, timed, type Figure } from "./figure.ts";
import { group } from "./group.ts";

const COUNT = 10_000;
const STACK = "probe/large";
const ROOT = "urn:pulumi:large::probe::pulumi:pulumi:Stack::probe-large";
const TIMES = 5;
const BUDGET = { under: 2 };
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
const resources = [root, ...Array.from({ length: COUNT }, (_, index) => resource(index))];
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

type CliStage = Awaited<ReturnType<typeof openCliStage>>;

async function figure(what: string, work: () => unknown, times = TIMES): Promise<Figure> {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn++) taken.push(await timed(work));
  return { what: `  ${what}`, unit: "s", holdfast: seconds(median(taken)), budget: BUDGET };
}

/** The update that made them all was killed before its end: its journal is replayed by who reads the state next. */
async function died({ control, store }: CliStage): Promise<Figure> {
  const name = "probe/dead";
  await control.ensureStack(name);
  const stack = await store.stack(name);
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
  await store.createUpdate({ ...update, message: "", environment: {}, config: {} });
  await store.startUpdate({ id: "dead", tokenHash: new Uint8Array(32), at: now, expiresAt: now });
  const rows = [...creations()].map(entry => ({ sequence: entry.sequenceID, text: JSON.stringify(entry) }));
  for (let from = 0; from < rows.length; from += BATCH)
    await store.appendJournal("dead", rows.slice(from, from + BATCH));
  const replay = async (): Promise<void> => {
    if ((await control.version(name)) === 0) throw new Error("nothing was replayed");
  };
  return figure(`replay of the ${rows.length} journal entries of a killed update`, replay, 1);
}

async function open(stage: CliStage): Promise<readonly Figure[]> {
  const { control, url, token } = stage;
  const imported = await control.importState(STACK, checkpoint);
  if (!imported.ok) throw new Error(JSON.stringify(imported.failure));
  const cli = async (...args: readonly string[]): Promise<void> => {
    const ended = await stage.cli([...args, "-s", "large"]);
    if (ended.code !== 0) throw new Error(ended.text);
  };
  const headers = { authorization: `token ${token}` };
  return [
    await figure(`open ${COUNT.toLocaleString("en")} resources: version (asked before each run)`, () =>
      control.version(STACK),
    ),
    await figure("all resources, secrets opened", () => control.resources(STACK, { openSecrets: true })),
    await figure("export over HTTP", async () => {
      await (await fetch(`${url}/api/stacks/organization/${STACK}/export`, { headers })).text();
    }),
    await figure("pulumi stack", () => cli("stack")),
    await figure("pulumi stack export", () => cli("stack", "export", "--file", "/dev/null")),
    await died(stage),
  ];
}

export const largeStack = group<CliStage>(
  async ending => {
    const stage = await openCliStage();
    ending.after(() => stage.close());
    return stage;
  },
  [{ name: "open", long: true, measure: open }],
);
