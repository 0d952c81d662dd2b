/** Journals become the checkpoints that the CLI itself would have written. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { integrityProblems } from "../../src/backend/deployment/integrity.ts";
import { mapSecrets } from "../../src/backend/deployment/secrets.ts";
import { fromText } from "../../src/backend/deployment/stored.ts";
import type { Checkpoint, Resource } from "../../src/backend/deployment/types.ts";
import { isJournalEntry } from "../../src/backend/journal/entry.ts";
import { replay } from "../../src/backend/journal/replay.ts";
import { openCliStage, type CliStage } from "../support/state-stage.ts";

/** One stack is journalled, the other uploads the checkpoints that the CLI makes by itself. */
const STACKS = ["journal", "whole"] as const;
type Name = (typeof STACKS)[number];

let stage: CliStage;
before(async () => {
  stage = await openCliStage();
  for (const name of STACKS) {
    await stage.cli(["stack", "init", name]);
    await mkdir(path.join(stage.target, name));
  }
});
after(() => stage.close());

const file = (stack: Name, name: string): string => path.join(stage.target, stack, name);
const PLACE = `const mine = name => at(pulumi.getStack() + "/" + name);\n`;
const OWN = new Set(["created", "modified", "sourcePosition", "stackTrace"]);

async function checkpoint(stack: Name): Promise<Checkpoint> {
  const row = await stage.store.stack(`probe/${stack}`);
  assert.ok(row);
  return fromText((await stage.store.checkpoint(row.id))?.text);
}

/**
 * After a refresh a journal's replay leaves out properties without dependencies (JournalReplayer, rebuildDependencies);
 * the CLI's own checkpoint keeps them as empty lists. They mean the same.
 */
function filled(resource: Resource): Record<string, unknown> {
  const { propertyDependencies = {}, ...rest } = resource;
  const kept = Object.entries(propertyDependencies).filter(([, urns]) => (urns?.length ?? 0) > 0);
  return { ...rest, propertyDependencies: Object.fromEntries(kept) };
}

/** Without what differs between two stacks and two moments; in one order, since steps run side by side. */
function comparable(stack: Name, { version, features, deployment }: Checkpoint): unknown {
  const plain = (resource: Resource): unknown =>
    mapSecrets(
      Object.fromEntries(Object.entries(filled(resource)).filter(([key]) => !OWN.has(key))),
      () => "secret",
    );
  const value = {
    version,
    features: features ?? [],
    magic: deployment?.manifest.magic,
    resources: deployment?.resources?.map(plain),
    pending: deployment?.pending_operations?.map(({ type, resource }) => [type, resource.urn]),
    metadata: deployment?.metadata ?? {},
  };
  // Ids of providers are random.
  const text = JSON.stringify(value)
    .replaceAll(stack, "STACK")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
  const parsed = JSON.parse(text) as { resources?: { urn: string; delete?: boolean }[] };
  parsed.resources?.sort((a, b) => (`${a.urn}${a.delete}` < `${b.urn}${b.delete}` ? -1 : 1));
  return parsed;
}

interface Step {
  readonly name: string;
  readonly program?: string;
  readonly args?: readonly string[];
  readonly reality?: (stack: Name) => Promise<void>;
  /** Whether the CLI ends well. */
  readonly good?: boolean;
}

const first = `new Thing("a", { path: mine("a"), content: "1" });
const b = new Thing("b", { path: mine("b"), content: pulumi.secret("hidden") });
new Thing("c", { path: mine("c"), content: b.path }, { parent: b });
class Group extends pulumi.ComponentResource { constructor() { super("probe:index:Group", "g", {}); this.registerOutputs({ made: b.path }); } }
new Group(); export const out = b.path;`;

const steps: readonly Step[] = [
  { name: "create", program: first },
  { name: "nothing to do", program: first },
  { name: "update", program: first.replace(`"1"`, `"2"`) },
  { name: "replace, create first", program: first.replace(`mine("b")`, `mine("b2")`) },
  {
    name: "replace, delete first",
    program: first.replace(`mine("b")`, `mine("b3")`).replace(`pulumi.secret("hidden")`, `"x", first: true`),
  },
  { name: "delete", program: first.replace(/^.*"a".*$/m, "") },
  { name: "a create fails in the middle", good: false, program: first.replace(`"1"`, `"unmakeable"`) },
  {
    name: "an update fails in the middle",
    good: false,
    program: first.replace(`pulumi.secret("hidden")`, `"unmakeable"`),
  },
  { name: "repaired", program: first },
  {
    name: "refresh finds a change and a deletion",
    args: ["refresh", "--yes", "--skip-preview"],
    reality: async stack => {
      await writeFile(file(stack, "a"), "by hand");
      await rm(file(stack, "b"));
    },
  },
  { name: "up after it", program: first },
  {
    name: "refresh and up in one",
    args: ["up", "--refresh", "--yes", "--skip-preview"],
    program: first.replace(`"1"`, `"3"`),
    reality: async stack => rm(file(stack, "a")),
  },
  {
    name: "a read fails in a refresh",
    good: false,
    args: ["refresh", "--yes", "--skip-preview"],
    reality: async stack => writeFile(`${file(stack, "a")}.unreadable`, ""),
  },
  {
    name: "an alias renames",
    program: first
      .replace(`content: "1" }`, `content: "3" }, { aliases: [{ name: "a" }]}`)
      .replace(`Thing("a"`, `Thing("z"`),
  },
  {
    name: "destroy",
    args: ["destroy", "--yes", "--skip-preview"],
    reality: async stack => rm(`${file(stack, "a")}.unreadable`),
  },
];

for (const step of steps) {
  test(`journal and whole checkpoints agree: ${step.name}`, async () => {
    const args = step.args ?? ["up", "--yes", "--skip-preview"];
    if (step.program !== undefined) await stage.program(PLACE + step.program);
    const before = await checkpoint("journal");
    stage.journalled.length = 0;
    for (const stack of STACKS) {
      await step.reality?.(stack);
      const env: Record<string, string> = stack === "whole" ? { PULUMI_DISABLE_JOURNALING: "true" } : {};
      const ended = await stage.cli([...args, "-s", stack], { program: step.program !== undefined, env });
      assert.equal(ended.code === 0, step.good ?? true, `${stack}: ${ended.text}`);
    }
    const [journal, whole] = [await checkpoint("journal"), await checkpoint("whole")];
    assert.deepEqual(comparable("journal", journal), comparable("whole", whole));
    cutAnywhere(before);
  });
}

/** A journal may end after any entry: what it gives then is whole, and says which steps nobody knows the end of. */
function cutAnywhere(base: Checkpoint): void {
  const entries = stage.journalled.filter(isJournalEntry);
  assert.ok(entries.length > 0);
  for (let length = 0; length <= entries.length; length++) {
    const cut = entries.slice(0, length);
    const { checkpoint: after, unknown } = replay(base, cut, "2026-01-01T00:00:00Z");
    assert.deepEqual(integrityProblems(after.deployment), [], `cut after ${length}`);
    const begun = cut.filter(entry => entry.kind === 0 && entry.operation).map(entry => entry.operationID);
    const ended = new Set(cut.filter(entry => entry.kind !== 0).map(entry => entry.operationID));
    assert.equal(unknown.length, begun.filter(id => !ended.has(id)).length, `cut after ${length}`);
  }
}

test("what each step left, the CLI reads without complaint", async () => {
  const ended = await stage.cli(["stack", "export", "-s", "journal"]);
  assert.equal(ended.code, 0, ended.text);
});
