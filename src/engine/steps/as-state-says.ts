/** Whether reality is what the state says, asked of each host in one go instead of resource by resource. */
import type { ProbeReport } from "../ports/probe.ts";
import type { Run, RunWorld } from "../run.ts";
import type { StateView } from "./workspace.ts";

/** Every resource was asked about, every host answered, and nothing differs. */
const isSame = ({ version, resources }: StateView, report: ProbeReport): boolean =>
  report.version === version &&
  report.watched === resources &&
  report.silent.length === 0 &&
  report.differences.length === 0;

/**
 * With the probe's eyes, which are a Read's: a family judges the same answers for both. False also where that cannot be
 * told: with resources of others, silent hosts, or steps whose outcome nobody knows, a refresh has more to say.
 */
export async function isAsStateSays(run: Run, world: RunWorld, view: StateView): Promise<boolean> {
  const stack = run.stack.name;
  if (!view.onlyOwn || view.resources === 0 || view.unknown.length > 0) return false;
  if ((await world.state.pending(stack)).length > 0) return false;
  const resources = () => world.state.resources(stack, { openSecrets: true });
  let same = false;
  await world.providers.probe([{ stack, version: view.version, resources }], report => {
    same = isSame(view, report);
  });
  return same;
}
