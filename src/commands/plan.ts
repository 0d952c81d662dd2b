/** `holdfast plan`: refresh and preview; changes nothing. */
import type { RunRecord } from "../engine/ports/records.ts";
import { planDocument } from "../report/documents.ts";
import { planText } from "../report/plan-text.ts";
import { runLine } from "../report/run-line.ts";
import { defineCommand } from "./command.ts";
import { sayUnread } from "./head-problems.ts";
import { lookExit } from "./run-exit.ts";
import { answer, print, wantsColor, whoAsks, withControl } from "./with-control.ts";

const text = (run: RunRecord, color: boolean): string =>
  run.plan && !run.failure ? planText(run.plan, { color }) : runLine(run);

export const command = defineCommand({
  verb: "plan",
  describe: "what a sync would do; changes nothing",
  builder: {
    stacks: { type: "list", describe: "names or patterns, <project>/<stack>" },
    revision: { type: "string", describe: "plan this commit instead of the branch's head" },
  },
  run: (args, io) =>
    withControl(args, io, "plan", async control => {
      const revision = args.revision === undefined ? {} : { revision: args.revision };
      const asked = await control.ask({ stacks: args.stacks, mode: "plan", by: whoAsks(io), ...revision });
      const exit = answer(io, args.json, asked, runs => {
        print(
          io,
          args.json,
          () => planDocument(runs),
          () => runs.map(run => text(run, wantsColor(io))).join("\n\n"),
        );
        return lookExit(runs);
      });
      const ofHead = asked.ok && args.revision === undefined;
      return ofHead ? sayUnread(io, control, args.stacks, exit) : exit;
    }),
});
