/** Does what the plan holds and nothing else: each update is bound to it in the state service. */
import { ok, type Failure, type Result } from "../failure.ts";
import type { Plan, UnknownResource } from "../ports/plan.ts";
import { isProvider } from "../provider-settings.ts";
import type { Applied, OperationContext } from "../ports/pulumi.ts";
import type { Refusal } from "../ports/state.ts";
import type { Run, RunWorld } from "../run.ts";
import { NOT_AHEAD, type Ahead } from "./ahead.ts";
import { foreseen } from "./look.ts";

/** Takes the drift that is to be corrected into the state, so that the up after it puts it right. */
async function correctState(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  plan: Plan,
): Promise<Result<Applied | undefined>> {
  if (plan.drift.length === 0) return ok(undefined);
  const { stateVersion, drift } = plan;
  const targets = drift.map(({ urn }) => urn);
  if (!plan.refreshRunsProgram) {
    await world.state.bind(run.id, { kind: "refresh", stateVersion, drift, upFollows: true });
    return world.pulumi.refresh(context, { targets });
  }
  const worker = await world.workers.take(context.program, context.env);
  if (!worker.ok) return worker;
  try {
    const changes = plan.changes.filter(({ type, component }) => component ?? isProvider(type));
    await world.state.bind(run.id, { kind: "refresh", stateVersion, drift, changes, upFollows: true });
    return await world.pulumi.refresh(context, { targets }, worker.value);
  } finally {
    await worker.value.stop();
  }
}

/** How a plan is applied. */
export interface Way {
  /** Default: none was started ahead. */
  readonly ahead?: Ahead;
  /** URNs of all that a repair touches: one up reads and corrects these alone. Default: all is looked at. */
  readonly targets?: readonly string[] | undefined;
}

/** The up takes the drift into the state, and no refresh before it. */
const readsItself = ({ ahead, targets }: Way): boolean => targets !== undefined || Boolean(ahead?.refreshes);

async function up(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  plan: Plan,
  stateVersion: number,
  { ahead = NOT_AHEAD, targets }: Way,
): Promise<Result<Applied>> {
  const { changes } = plan;
  const refresh = readsItself({ ahead, targets });
  const binding = { kind: "apply" as const, stateVersion, changes, ...(refresh && { drift: plan.drift }) };
  const running = ahead.take();
  if (running) {
    await world.state.bind(run.id, binding);
    return running;
  }
  const soon = foreseen(context, "up");
  const worker = await world.workers.take(context.program, context.env, soon);
  if (!worker.ok) return worker;
  try {
    await world.state.bind(run.id, binding);
    const exclude = plan.unknown.map(({ urn }) => urn);
    return await world.pulumi.up(context, worker.value, {
      exclude,
      refresh,
      ...(targets && { targets: { urns: targets } }),
    });
  } finally {
    await worker.value.stop();
  }
}

/** Refresh of the drift, by itself or by the up, then up; what the engine reports of single resources is in `errors`, not a failure. */
export async function applyPlan(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  plan: Plan,
  way: Way = {},
): Promise<Result<Applied>> {
  const taken = readsItself(way) ? ok(undefined) : await correctState(run, world, context, plan);
  if (!taken.ok) return taken;
  if (!taken.value) return up(run, world, context, plan, plan.stateVersion, way);
  if (taken.value.errors.length > 0 || taken.value.exitCode !== 0) return ok(taken.value);
  // Our own refresh has moved the state on.
  return up(run, world, context, plan, await world.state.version(run.stack.name), way);
}

export async function applyDestroy(
  run: Run,
  world: RunWorld,
  context: OperationContext,
  plan: Plan,
): Promise<Result<Applied>> {
  await world.state.bind(run.id, { kind: "apply", stateVersion: plan.stateVersion, changes: plan.changes });
  return world.pulumi.destroy(context);
}

function refused([first]: readonly Refusal[], progressed: boolean): Failure | undefined {
  if (!first) return undefined;
  const why = `${first.operation} ${first.urn}: ${first.why}`;
  return { kind: "transient", reason: "plan-outdated", why, progressed };
}

/** Where every resource that failed did so for want of an answer: words without a resource follow from those. */
function silent({ errors }: Applied, unreached: readonly UnknownResource[]): Failure | undefined {
  const why = new Map(unreached.map(one => [one.urn, one.why]));
  const failed = errors.flatMap(({ urn }) => (urn === undefined ? [] : [urn]));
  const [host] = failed;
  if (host === undefined || failed.some(urn => !why.has(urn))) return undefined;
  return { kind: "transient", reason: "host-unreachable", host, why: why.get(host) ?? "" };
}

/** What an ended apply means. A refusal outweighs what it made the CLI say. */
export function judgeApply(
  result: Result<Applied>,
  refusals: readonly Refusal[],
  unreached: readonly UnknownResource[],
): Failure | undefined {
  const outdated = refused(refusals, result.ok && result.value.done.length > 0);
  if (outdated || !result.ok) return outdated ?? (result.ok ? undefined : result.failure);
  const applied = result.value;
  if (applied.errors.length > 0)
    return (
      silent(applied, unreached) ?? { kind: "transient", reason: "apply-failed", errors: applied.errors }
    );
  if (applied.exitCode === 0) return undefined;
  const message = applied.diagnostics.at(-1) ?? "the CLI said nothing";
  return { kind: "transient", reason: "cli-failed", exitCode: applied.exitCode, message };
}
