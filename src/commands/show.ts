/** `holdfast show RUN`: one run in full. */
import { showDocument } from "../report/documents.ts";
import { showRun } from "../report/show-run.ts";
import { defineCommand } from "./command.ts";
import { sayProblem } from "./say-problem.ts";
import { print, wantsColor, withReader } from "./with-control.ts";

export const command = defineCommand({
  verb: "show",
  describe: "a run in full: plan, result, times, log",
  builder: { run: { type: "string", required: true, describe: "its id, or the beginning of it" } },
  run: (args, io) =>
    withReader(args, io, async reader => {
      const run = await reader.run(args.run);
      if (!run) {
        return sayProblem(io, args.json, `no run is named ${args.run}`, "`holdfast history` lists them");
      }
      print(
        io,
        args.json,
        () => showDocument(run),
        () => showRun(run, { color: wantsColor(io) }),
      );
      return 0;
    }),
});
