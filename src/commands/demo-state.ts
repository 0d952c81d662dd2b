/** What the daemon says of its stacks, for the demo's steps. */
import type { Overview, StackFacts } from "../engine/ports/control.ts";
import type { Failure } from "../engine/failure.ts";
import { HOSTS, StepFailed, stackOf, type Stage } from "./demo-stage.ts";

function factsOf(overview: Overview | undefined, host: string): StackFacts | undefined {
  return overview?.stacks.find(({ stack }) => stack === stackOf(host));
}

/** At rest at a commit: nothing runs, nothing failed, this commit is deployed. */
function isDeployed(facts: StackFacts | undefined, sha: string): boolean {
  const { status, running } = facts ?? {};
  return status?.deployed?.sha === sha && status.failure === undefined && !status.drifted && !running;
}

/** Waits until both hosts have the commit. */
export async function untilDeployed(stage: Stage, sha: string): Promise<void> {
  await stage.until(`both hosts at ${sha.slice(0, 8)}`, async () => {
    const overview = await stage.overview();
    return HOSTS.every(host => isDeployed(factsOf(overview, host), sha)) || undefined;
  });
}

/** Waits until a run of this commit ended without an apply on both hosts; answers why. */
export async function untilRefused(stage: Stage, sha: string): Promise<readonly Failure[]> {
  return stage.until(`a word on ${sha.slice(0, 8)} from both hosts`, async () => {
    const overview = await stage.overview();
    const all = HOSTS.map(host => factsOf(overview, host));
    if (all.some(facts => facts?.status?.deployed?.sha === sha))
      throw new StepFailed(`${sha.slice(0, 8)} was deployed, though it must not be`);
    const failures = all.flatMap(facts =>
      facts?.status?.attempted?.sha === sha && facts.status.failure && !facts.running
        ? [facts.status.failure]
        : [],
    );
    return failures.length === HOSTS.length ? failures : undefined;
  });
}

export interface StateFile {
  readonly urn: string;
  readonly path: string;
  readonly mode?: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function fileOf(resource: unknown): StateFile[] {
  if (!isRecord(resource) || !isRecord(resource["inputs"])) return [];
  const { urn, type } = resource;
  const { path, mode } = resource["inputs"];
  if (typeof urn !== "string" || typeof type !== "string" || typeof path !== "string") return [];
  return type.startsWith("holdfast:host:") ? [{ urn, path, ...(typeof mode === "string" && { mode }) }] : [];
}

/** What the state holds of one host, and how many steps of it have an unknown outcome. */
export async function stateOf(
  stage: Stage,
  host: string,
): Promise<{ readonly files: readonly StateFile[]; readonly pending: number }> {
  const exported = await (await stage.daemon.control())?.exportState(stackOf(host));
  const document = exported?.ok && isRecord(exported.value) ? exported.value["deployment"] : undefined;
  const resources = isRecord(document) ? document["resources"] : undefined;
  if (!isRecord(document) || !Array.isArray(resources))
    throw new StepFailed(`the state of ${stackOf(host)} cannot be read`);
  const pending = document["pending_operations"];
  return { files: resources.flatMap(fileOf), pending: Array.isArray(pending) ? pending.length : 0 };
}
