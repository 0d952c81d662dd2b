/** The age key that wrapped something is not here. */
import type { Failure } from "../engine/failure.ts";
import type { OwnIdentities } from "../engine/ports/sealer.ts";

export const keysAre = (count: number): string => (count === 1 ? "1 data key is" : `${count} data keys are`);

const listed = (texts: readonly string[]): string => (texts.length === 0 ? "none" : texts.join(", "));

export function keyMissing(own: OwnIdentities, recipients: readonly string[], keys: number): Failure {
  const trouble = own.problems.length > 0 ? ` (${own.problems.join("; ")})` : "";
  return {
    kind: "stalled",
    reason: "key-missing",
    why: `${keysAre(keys)} encrypted for ${listed(recipients)}; age keys that are here: ${listed(own.recipients)}${trouble}`,
    hint: `put the secret key of one of these recipients where holdfast looks (${own.looked.join(", ")}), and start again; nothing was changed`,
  };
}
