/** One program on two stacks: one is journalled, the other uploads the checkpoints that the CLI makes by itself. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { integrityProblems } from "../../../src/backend/deployment/integrity.ts";
import { mapSecrets } from "../../../src/backend/deployment/secrets.ts";
import { fromText } from "../../../src/backend/deployment/stored.ts";
import type { Checkpoint, Resource } from "../../../src/backend/deployment/types.ts";
import { isJournalEntry } from "../../../src/backend/journal/entry.ts";
import { replay } from "../../../src/backend/journal/replay.ts";
import type { Worker } from "../../../src/engine/ports/program.ts";
import { openCliStage, type CliStage } from "../state-stage.ts";
import type { Step } from "./story.ts";

const KINDS = ["journal", "whole"] as const;
type Kind = (typeof KINDS)[number];

const PLACE = `const mine = name => at(pulumi.getStack() + "/" + name);
class Group extends pulumi.ComponentResource {
  constructor(name, options, type = "probe:index:Group") { super(type, name, {}, options); }
}
`;
const OWN = new Set(["created", "modified", "sourcePosition", "stackTrace"]);
const NO_BODY = ["--yes", "--skip-preview"];

/**
 * After a refresh a journal's replay leaves out properties without dependencies (JournalReplayer, rebuildDependencies);
 * the CLI's own checkpoint keeps them as empty lists. They mean the same.
 */
function filled(resource: Resource): Record<string, unknown> {
  const { propertyDependencies = {}, dependencies = [], ...rest } = resource;
  const kept = Object.entries(propertyDependencies).filter(([, urns]) => (urns?.length ?? 0) > 0);
  // The program says dependencies in the order in which it came to know them.
  return { ...rest, dependencies: [...dependencies].sort(), propertyDependencies: Object.fromEntries(kept) };
}

/** Without what differs between two stacks and two moments; in one order, since steps run side by side. */
function comparable(stack: string, { version, features, deployment }: Checkpoint): unknown {
  const plain = (resource: Resource): unknown =>
    mapSecrets(
      Object.fromEntries(Object.entries(filled(resource)).filter(([key]) => !OWN.has(key))),
      () => "secret",
    );
  const value = {
    version,
    features: features ?? [],
    magic: deployment?.manifest.magic,
    resources: deployment?.resources?.map(plain) ?? [],
    pending: deployment?.pending_operations?.map(({ type, resource }) => [type, resource.urn]) ?? [],
    metadata: deployment?.metadata ?? {},
  };
  // Ids of providers are random.
  const text = JSON.stringify(value)
    .replaceAll(stack, "STACK")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
  const parsed = JSON.parse(text) as { resources: { urn: string; delete?: boolean }[] };
  parsed.resources.sort((a, b) => (`${a.urn}${a.delete}` < `${b.urn}${b.delete}` ? -1 : 1));
  return parsed;
}

/** A journal may end after any entry: what it gives then is whole, and says which steps nobody knows the end of. */
function cutAnywhere(base: Checkpoint, journalled: readonly unknown[]): void {
  const entries = journalled.filter(isJournalEntry);
  assert.ok(entries.length > 0, "a journal was written");
  for (let length = 0; length <= entries.length; length++) {
    const cut = entries.slice(0, length);
    const { checkpoint: after, unknown } = replay(base, cut, "2026-01-01T00:00:00Z");
    assert.deepEqual(integrityProblems(after.deployment), [], `cut after ${length}`);
    const begun = cut.filter(entry => entry.kind === 0 && entry.operation).map(entry => entry.operationID);
    const ended = new Set(cut.filter(entry => entry.kind !== 0).map(entry => entry.operationID));
    assert.equal(unknown.length, begun.filter(id => !ended.has(id)).length, `cut after ${length}`);
  }
}

export interface TwoStacks {
  readonly stage: CliStage;
  /** Two new stacks; steps change those. */
  begin(story: string): Promise<void>;
  /** Does a step on both and compares; answers the names of the resources that are left. */
  step(step: Step): Promise<void>;
  close(): Promise<void>;
}

export async function openTwoStacks(): Promise<TwoStacks> {
  const stage = await openCliStage();
  // One process for each, so that a run that ends badly cannot disturb the other.
  const workers = new Map<Kind, Worker>();
  let story = "";
  const nameOf = (kind: Kind): string => `${kind}-${story}`;
  const checkpoint = async (kind: Kind): Promise<Checkpoint> => {
    const row = await stage.store.stack(`probe/${nameOf(kind)}`);
    assert.ok(row);
    return fromText((await stage.store.checkpoint(row.id))?.text);
  };
  const workerOf = async (kind: Kind): Promise<Worker> => {
    const worker = workers.get(kind) ?? (await stage.worker());
    workers.set(kind, worker);
    return worker;
  };
  const dropWorker = async (kind: Kind): Promise<void> => {
    await workers.get(kind)?.stop();
    workers.delete(kind);
  };
  const runOn = async (kind: Kind, step: Step): Promise<void> => {
    const folder = path.join(stage.target, nameOf(kind));
    await step.reality?.(folder);
    const told = (step.args ?? ["up"]).map(arg =>
      arg.replaceAll("STACK", nameOf(kind)).replaceAll("FOLDER", folder),
    );
    const asks = ["up", "refresh", "destroy", "import"].includes(told[0] ?? "");
    const args = [
      ...told,
      ...(asks ? NO_BODY.slice(0, told[0] === "import" ? 1 : 2) : []),
      "-s",
      nameOf(kind),
    ];
    const worker = step.program === undefined ? undefined : await workerOf(kind);
    const ended = await stage.cli(args, {
      env: {
        // Two short lives side by side: less is collected.
        GOGC: "400",
        ...(kind === "whole" && { PULUMI_DISABLE_JOURNALING: "true" }),
        ...(worker && { PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.port}` }),
      },
    });
    if (ended.code !== 0 && worker) await dropWorker(kind);
    assert.equal(ended.code === 0, step.good ?? true, `${kind}: ${ended.text}`);
  };
  return {
    stage,
    begin: async name => {
      story = name;
      for (const kind of KINDS) {
        const made = await stage.control.ensureStack(`probe/${nameOf(kind)}`);
        assert.ok(made.ok);
        await mkdir(path.join(stage.target, nameOf(kind)));
      }
    },
    step: async step => {
      if (step.program !== undefined) await stage.program(PLACE + step.program);
      const before = await checkpoint("journal");
      stage.journalled.length = 0;
      const ended = await Promise.allSettled(KINDS.map(kind => runOn(kind, step)));
      for (const one of ended) if (one.status === "rejected") throw one.reason;
      const [journal, whole] = [await checkpoint("journal"), await checkpoint("whole")];
      assert.deepEqual(comparable(nameOf("journal"), journal), comparable(nameOf("whole"), whole));
      const left = (journal.deployment?.resources ?? []).map(({ urn }) => urn.split("::").at(-1) ?? "");
      if (step.left)
        assert.deepEqual(left.filter(name => /^[a-z]\d*$/.test(name)).sort(), [...step.left].sort());
      if (step.pending !== undefined) {
        const pending = journal.deployment?.resources?.filter(({ pendingReplacement: is }) => is).length;
        assert.equal(pending, step.pending);
      }
      if (step.quiet !== true) cutAnywhere(before, stage.journalled);
    },
    close: async () => {
      for (const kind of KINDS) await dropWorker(kind);
      await stage.close();
    },
  };
}
