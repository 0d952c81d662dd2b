/** What reality has otherwise than the state, asked of each host in one go instead of resource by resource. */
import type { ProbeReport } from "../ports/probe.ts";
import type { Run, RunWorld } from "../run.ts";
import type { StateView } from "./workspace.ts";

/** Every resource was asked about, and every host answered. */
const isWhole = ({ version, resources }: StateView, report: ProbeReport): boolean =>
  report.version === version && report.watched === resources && report.silent.length === 0;

/** Whether hosts can tell of everything that the state holds. */
export const canTell = ({ onlyOwn, resources, unknown }: StateView): boolean =>
  onlyOwn && resources > 0 && unknown.length === 0;

/**
 * URNs of what differs, with the probe's eyes, which are a Read's: a family judges the same answers for both. Undefined
 * where that cannot be told: with resources of others, silent hosts, or steps whose outcome nobody knows, a refresh has
 * more to say.
 */
export async function differing(
  run: Run,
  world: RunWorld,
  view: StateView,
): Promise<readonly string[] | undefined> {
  const stack = run.stack.name;
  if (!canTell(view)) return undefined;
  if ((await world.state.pending(stack)).length > 0) return undefined;
  const resources = () => world.state.resources(stack, { openSecrets: true });
  let urns: readonly string[] | undefined;
  await world.providers.probe([{ stack, version: view.version, resources }], report => {
    urns = isWhole(view, report) ? report.differences.map(({ urn }) => urn) : undefined;
  });
  return urns;
}
