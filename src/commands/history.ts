/** `holdfast history`: the runs, newest first. */
import { historyDocument } from "../report/documents.ts";
import { historyTable } from "../report/history-table.ts";
import { defineCommand } from "./command.ts";
import { print, wantsColor, withReader } from "./with-control.ts";

/** What fits on a screen. */
const DEFAULT_LIMIT = 20;

export const command = defineCommand({
  verb: "history",
  describe: "the runs: commit, author, trigger, what they did, how long",
  builder: {
    stack: { type: "string", describe: "of this stack only" },
    limit: { type: "number", default: DEFAULT_LIMIT, describe: "so many, the newest first" },
  },
  run: (args, io) =>
    withReader(args, io, async reader => {
      const runs = await reader.runs({
        limit: args.limit,
        ...(args.stack === undefined ? {} : { stack: args.stack }),
      });
      print(
        io,
        args.json,
        () => historyDocument(runs),
        () => historyTable(runs, { now: Date.now(), color: wantsColor(io) }),
      );
      return 0;
    }),
});
