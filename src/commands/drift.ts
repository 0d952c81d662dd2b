/** `holdfast drift`: reality against the deployed revision. */
import type { Control } from "../engine/ports/control.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import { driftDocument, type DriftOutcome } from "../report/documents.ts";
import { driftText } from "../report/drift-text.ts";
import { defineCommand } from "./command.ts";
import { lookExit } from "./run-exit.ts";
import { answer, print, whoAsks, withControl } from "./with-control.ts";

async function outcomes(control: Control, runs: readonly RunRecord[]): Promise<readonly DriftOutcome[]> {
  // Two questions however many stacks: a daemon has only so many connections.
  const { stacks } = await control.overview();
  const facts = new Map(stacks.map(one => [one.stack, one]));
  const open = Map.groupBy(await control.drift({ open: true }), ({ stack }) => stack);
  return runs.map(({ stack, outcome, failure }) => {
    const unknown = facts.get(stack)?.status?.unknown ?? [];
    const checked = outcome === "drifted" || outcome === "unchanged";
    return { stack, checked, drift: open.get(stack) ?? [], unknown, ...(failure && { failure }) };
  });
}

export const command = defineCommand({
  verb: "drift",
  describe: "what differs between reality and the deployed revision; changes nothing",
  builder: { stacks: { type: "list", describe: "names or patterns, <project>/<stack>" } },
  run: (args, io) =>
    withControl(args, io, "drift", async control => {
      const asked = await control.ask({ stacks: args.stacks, mode: "check", by: whoAsks(io) });
      if (!asked.ok) return answer(io, args.json, asked, () => 0);
      const seen = await outcomes(control, asked.value);
      print(
        io,
        args.json,
        () => driftDocument(seen),
        () => driftText(seen, Date.now()),
      );
      return lookExit(asked.value);
    }),
});
