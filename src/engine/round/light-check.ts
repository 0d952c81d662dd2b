/** A refresh without the program: enough while nothing differs. */
import { adoptedInVain } from "../adopted.ts";
import { mayBeCredential } from "../provider-settings.ts";
import { endedWith, type RunEnd } from "../run.ts";
import { checkDrift } from "../steps/look.ts";
import { unreachable } from "./ends.ts";
import { driftSeen, type Round } from "./round.ts";

/** A light check: if it finds drift that is to be corrected, or cannot read, a full plan follows in the same run. */
export async function lightCheck(round: Round): Promise<RunEnd | "look-closer"> {
  const { run, world, context, view } = round;
  const seen = await checkDrift(run, world, context, view);
  const missing = await adoptedInVain(
    run,
    world,
    seen,
    view.unknown.map(({ urn }) => urn),
  );
  if (missing) return endedWith(missing, { resources: view.resources });
  const closer = run.light && run.mode !== "check";
  // The program may have a newer credential than the state, as those have that it asks for each time.
  if (!seen.ok && closer && mayBeCredential(seen.failure)) return "look-closer";
  if (!seen.ok) return endedWith(seen.failure, { unknown: view.unknown, resources: view.resources });
  const drifted = seen.value.counted.length > 0;
  if (drifted && closer) return "look-closer";
  const drift = await driftSeen(round, seen.value, drifted ? "reported" : "open");
  return {
    outcome: drifted ? "drifted" : "unchanged",
    checked: true,
    full: false,
    drifted,
    drift,
    unknown: view.unknown,
    applied: run.light && !drifted && view.unknown.length === 0,
    resources: view.resources,
    references: view.references,
    ...unreachable(view.unknown),
  };
}
