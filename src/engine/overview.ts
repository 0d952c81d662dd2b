/** What there is to see: every stack with its facts, and runs by name. */
import { createBoard } from "./board.ts";
import { createHead, type HeadWorld, type Wanted } from "./head.ts";
import type { Parts } from "./parts.ts";
import { programIsolation } from "./program-isolation.ts";
import type { Control, Overview, StackFacts } from "./ports/control.ts";
import type { RunRecord } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import type { Lease } from "./ports/state.ts";
import { problemsOf } from "./stalled.ts";

/** What there is to see needs nothing that runs. */
export type Seen = Pick<Parts, "head" | "board"> & {
  readonly leases: () => Promise<readonly Lease[]>;
  readonly loop: Pick<Parts["loop"], "running">;
  readonly world: Pick<Parts["world"], "records" | "source" | "clock"> & {
    readonly care: Pick<Parts["world"]["care"], "facts">;
  };
};

async function facts(
  parts: Seen,
  name: StackName,
  wanted: Wanted | undefined,
  leases: readonly Lease[],
  whole: boolean,
): Promise<StackFacts> {
  const lease = leases.find(({ stack }) => stack === name);
  const definition = wanted?.estate.stacks.find(stack => stack.name === name);
  const status = parts.board.status(name);
  const pause = parts.board.pause(name);
  const problems = definition || !wanted ? undefined : problemsOf(wanted.estate, name);
  const running = parts.loop.running().find(({ stack }) => stack.name === name);
  const taken = whole && (await parts.world.records.setting(`managed:${name}`));
  return {
    stack: name,
    ...(status && { status }),
    ...(pause && { pause }),
    ...(definition && { settings: definition.settings }),
    ...(problems && { problems }),
    managed: (definition?.settings.managed ?? false) || Boolean(taken),
    ...(running && { running: { run: running.id, mode: running.mode, since: running.startedAt } }),
    ...(lease && { lease }),
  };
}

export async function overview(parts: Seen): Promise<Overview> {
  const wanted = parts.head.current();
  const failure = parts.head.failure();
  const names = new Set([
    ...(wanted?.estate.stacks ?? []).map(({ name }) => name),
    ...(wanted?.estate.flaws ?? []).flatMap(({ stacks }) => stacks),
    ...parts.board.statuses().map(({ stack }) => stack),
  ]);
  const care = await parts.world.care.facts();
  // A damaged database is not asked; what is in memory is still true.
  const whole = care.halted?.kind !== "stalled";
  const leases = whole ? await parts.leases() : [];
  const stacks = await Promise.all([...names].sort().map(name => facts(parts, name, wanted, leases, whole)));
  const { url, branch } = parts.world.source;
  const isolation = whole && (await programIsolation(parts.world.records, wanted?.estate.stacks ?? []));
  const problems = (wanted?.estate.flaws ?? []).flatMap(flaw => flaw.problems);
  return {
    repository: url,
    branch,
    ...(wanted && { head: wanted.revision }),
    ...(failure && { failure }),
    ...(problems.length > 0 && { problems }),
    stacks,
    care,
    ...(isolation && { isolation }),
    at: parts.world.clock.now(),
  };
}

/** By id, or by a beginning of it that only one run has. */
export async function findRun(parts: Pick<Seen, "world">, id: string): Promise<RunRecord | undefined> {
  const exact = await parts.world.records.run(id);
  if (exact) return exact;
  const matches = (await parts.world.records.runs({ limit: 1000 })).filter(run => run.id.startsWith(id));
  return matches.length === 1 && matches[0] ? parts.world.records.run(matches[0].id) : undefined;
}

export type Reader = Pick<Control, "overview" | "runs" | "run" | "drift">;

export const readerOf = (parts: Seen): Reader => ({
  overview: () => overview(parts),
  runs: filter => parts.world.records.runs(filter),
  run: id => findRun(parts, id),
  drift: filter => parts.world.records.drift(filter),
});

/** Reads what is known, beside whoever works on the data folder. */
export async function createReader(
  world: HeadWorld & Pick<Seen["world"], "care">,
  leases: Seen["leases"],
): Promise<Reader> {
  const head = createHead(world);
  const board = createBoard(world.records);
  await board.load();
  await head.recall();
  return readerOf({ head, board, loop: { running: () => [] }, leases, world });
}
