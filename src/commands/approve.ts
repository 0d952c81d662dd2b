/** `holdfast approve RUN`: a person's word on exactly the plan that the run is held by. */
import { historyDocument } from "../report/documents.ts";
import { runLine } from "../report/run-line.ts";
import { defineCommand } from "./command.ts";
import { syncExit } from "./run-exit.ts";
import { answer, print, whoAsks, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "approve",
  describe: "let a held plan be applied, as long as it is still the same",
  builder: {
    run: { type: "string", required: true, describe: "the held run: its id, or the beginning of it" },
  },
  run: (args, io) =>
    withControl(args, io, "approve", async control =>
      answer(io, args.json, await control.approve(args.run, whoAsks(io)), run => {
        print(
          io,
          args.json,
          () => historyDocument([run]),
          () => runLine(run),
        );
        return syncExit([run]);
      }),
    ),
});
