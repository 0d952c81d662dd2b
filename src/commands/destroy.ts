/** `holdfast destroy STACK`: deletes all that a stack made; planned and gated like an apply. */
import { historyDocument } from "../report/documents.ts";
import { runLine } from "../report/run-line.ts";
import { defineCommand } from "./command.ts";
import { syncExit } from "./run-exit.ts";
import { answer, print, whoAsks, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "destroy",
  describe: "delete all that a stack made; planned and gated like an apply",
  builder: {
    stack: { type: "string", required: true, describe: "<project>/<stack>; also one that is gone from Git" },
  },
  run: (args, io) =>
    withControl(args, io, "destroy", async control => {
      const asked = await control.ask({ stacks: [args.stack], mode: "destroy", by: whoAsks(io) });
      return answer(io, args.json, asked, runs => {
        print(
          io,
          args.json,
          () => historyDocument(runs),
          () => runs.map(runLine).join("\n"),
        );
        return syncExit(runs);
      });
    }),
});
