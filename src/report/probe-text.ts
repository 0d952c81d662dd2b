/** What a probe found, in a line. */
import type { EngineEvent } from "../engine/event.ts";
import type { Difference } from "../engine/ports/probe.ts";
import { formatDuration } from "./duration.ts";
import { plainLine } from "./plain-text.ts";
import { resourceName } from "./urn.ts";

/** Resources that are named in a line. */
const NAMED = 3;

const one = ({ urn, paths }: Difference): string =>
  `${resourceName(urn)} ${paths.includes("") ? "is not there" : `[${paths.join(", ")}]`}`;

export function differencesText(differences: readonly Difference[]): string {
  if (differences.length === 0) return "what differed is in order again";
  const named = differences.slice(0, NAMED).map(one).join(", ");
  const more = differences.length > NAMED ? ` and ${differences.length - NAMED} more` : "";
  return plainLine(`${named}${more}`);
}

export function probedText(event: Extract<EngineEvent, { type: "probed" }>): string {
  const { stacks, resources, differing, silent, ms } = event;
  const quiet = silent.length === 0 ? "" : `, no answer from ${silent.map(({ host }) => host).join(", ")}`;
  return plainLine(
    `probe: ${resources} resources of ${stacks} stacks in ${formatDuration(ms)}, ${differing} differ${quiet}`,
  );
}
