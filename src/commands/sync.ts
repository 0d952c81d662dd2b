/** `holdfast sync`: one pass over stacks: fetch, plan, gate, apply. */
import { historyDocument } from "../report/documents.ts";
import { runLine } from "../report/run-line.ts";
import { defineCommand } from "./command.ts";
import { sayUnread } from "./head-problems.ts";
import { syncExit } from "./run-exit.ts";
import { answer, print, sayFailure, whoAsks, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "sync",
  describe: "one pass: fetch, plan, gate, apply",
  builder: {
    stacks: { type: "list", describe: "names or patterns, <project>/<stack>" },
    first: {
      type: "boolean",
      describe: "take stacks over that have no state here yet, or that holdfast.yaml does not name",
    },
    "accept-rewrite": { type: "string", describe: "this commit of a rewritten history is right" },
  },
  run: (args, io) =>
    withControl(args, io, "sync", async control => {
      const rewrite = args["accept-rewrite"];
      const accepted = rewrite === undefined ? undefined : await control.acceptRewrite(rewrite);
      if (accepted && !accepted.ok) return sayFailure(io, args.json, accepted.failure);
      const asked = await control.ask({
        stacks: args.stacks,
        mode: "converge",
        by: whoAsks(io),
        first: args.first,
      });
      const exit = answer(io, args.json, asked, runs => {
        print(
          io,
          args.json,
          () => historyDocument(runs),
          () => (runs.length === 0 ? "No stacks." : runs.map(runLine).join("\n")),
        );
        return syncExit(runs);
      });
      return asked.ok ? sayUnread(io, control, args.stacks, exit) : exit;
    }),
});
