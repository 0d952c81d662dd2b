/** Looks at reality and at the program, and makes the plan; changes nothing. */
import { fail, ok, type Result } from "../failure.ts";
import { sortDrift, type SortedDrift } from "../drift.ts";
import { makePlan } from "../plan.ts";
import { lookThatCounts, wantsProgram } from "../provider-settings.ts";
import type { Change, Plan } from "../ports/plan.ts";
import type { Foreseen } from "../ports/program.ts";
import type { Observation, OperationContext, Targets } from "../ports/pulumi.ts";
import type { Run, RunWorld } from "../run.ts";
import type { StateView, Workspace } from "./workspace.ts";

export interface Look {
  readonly plan: Plan;
  readonly drift: SortedDrift;
  /** Everything was looked at with the program. */
  readonly full: boolean;
}

/** Drift without the program. */
export async function checkDrift(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  view: StateView,
): Promise<Result<SortedDrift>> {
  const seen = await world.pulumi.check(context, { exclude: view.unknown.map(({ urn }) => urn) });
  return seen.ok ? ok(sortDrift(seen.value.drift, run.stack.settings.ignoreDrift, world.clock.now())) : seen;
}

export type RunOfProgram = "preview" | "up";

/** With plugins the CLI takes seconds until it wants the program. */
export function foreseen(
  { program, stack, configHash }: OperationContext,
  ...runs: readonly RunOfProgram[]
): readonly Foreseen[] {
  if (program.plugins.length > 0) return [];
  return runs.map(run => ({ stack: stack.name, configHash, dryRun: run === "preview" }));
}

type PreviewOptions = Parameters<RunWorld["pulumi"]["preview"]>[2];

/** How much of reality is looked at. */
export interface Scope {
  /** It is read; otherwise the state is taken for it. */
  readonly refresh: boolean;
  /** Default: all. */
  readonly targets?: Targets;
}

export interface How extends Scope {
  /** Looks in this way, where there is a CLI for it already. Default: one of its own does. */
  readonly first?: (() => Promise<Result<Observation>>) | undefined;
}

async function preview(
  world: RunWorld,
  context: OperationContext,
  options: PreviewOptions,
): Promise<Result<Observation>> {
  const soon = options.runProgramForRefresh ? [] : foreseen(context, "preview");
  const worker = await world.workers.take(context.program, context.env, soon);
  if (!worker.ok) return worker;
  try {
    return await world.pulumi.preview(context, worker.value, options);
  } finally {
    await worker.value.stop();
  }
}

interface Observed {
  readonly seen: Observation;
  /** Reality was read with the provider settings of the program. */
  readonly byProgram: boolean;
}

/** Reality as the settings in the state show it, or, where the program has others, as those do. */
async function observe(
  world: RunWorld,
  context: OperationContext,
  exclude: readonly string[],
  { refresh, targets, first: look }: How,
): Promise<Result<Observed>> {
  const first = look
    ? await look()
    : await preview(world, context, { exclude, refresh, ...(targets && { targets }) });
  const again = wantsProgram(first);
  const second = again ? await preview(world, context, { exclude, runProgramForRefresh: true }) : first;
  const counts = again ? lookThatCounts(first, second) : first;
  return counts.ok ? ok({ seen: counts.value, byProgram: again && counts === second }) : counts;
}

/**
 * Drift that is let be must not be undone: a preview with refresh plans its correction, so for these resources the
 * changes of a preview without refresh count.
 */
async function withoutCorrections(
  seen: Observation,
  kept: ReadonlySet<string>,
  again: () => Promise<Result<Observation>>,
): Promise<Result<readonly Change[]>> {
  if (kept.size === 0) return ok(seen.changes);
  const plain = await again();
  if (!plain.ok) return plain;
  const others = seen.changes.filter(({ urn }) => !kept.has(urn));
  return ok([...others, ...plain.value.changes.filter(({ urn }) => kept.has(urn))]);
}

/** Refresh and preview in one pass. The plan's drift is what this run would correct. */
export async function makeLook(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  workspace: Workspace,
  view: StateView,
  how: How,
): Promise<Result<Look>> {
  const { settings } = run.stack;
  const exclude = view.unknown.map(({ urn }) => urn);
  const observed = await observe(world, context, exclude, how);
  if (!observed.ok) return observed;
  const { seen, byProgram } = observed.value;
  const drift = sortDrift(seen.drift, settings.ignoreDrift, world.clock.now());
  const correct = settings.drift.action === "correct" ? drift.counted : [];
  const left = [
    ...drift.ignored.map(({ change }) => change),
    ...(settings.drift.action === "correct" ? [] : drift.counted),
  ];
  const kept = new Set(left.map(({ urn }) => urn));
  const changes = await withoutCorrections(seen, kept, () =>
    preview(world, context, { exclude, refresh: false }),
  );
  if (!changes.ok) return changes;
  const plan = makePlan({
    stack: run.stack.name,
    revision: run.revision.sha,
    stateVersion: view.version,
    configHash: workspace.config.hash,
    drift: correct,
    changes: changes.value,
    ...(byProgram && { refreshRunsProgram: true as const }),
    unknown: view.unknown,
    resources: view.resources,
  });
  return ok({ plan, drift, full: how.targets === undefined });
}

/** What a destroy would do. */
export async function lookAtDestroy(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  workspace: Workspace,
  view: StateView,
): Promise<Result<Look>> {
  const first = view.unknown[0];
  if (first) return fail({ kind: "transient", reason: "host-unreachable", host: first.urn, why: first.why });
  const seen = await world.pulumi.destroyPreview(context);
  if (!seen.ok) return seen;
  const plan = makePlan({
    stack: run.stack.name,
    revision: run.revision.sha,
    stateVersion: view.version,
    configHash: workspace.config.hash,
    drift: seen.value.drift,
    changes: seen.value.changes,
    unknown: [],
    resources: view.resources,
  });
  return ok({ plan, drift: sortDrift(seen.value.drift, [], world.clock.now()), full: true });
}
