/** `holdfast status`: each stack's state, its commit and its last check. */
import type { Overview } from "../engine/ports/control.ts";
import { careText } from "../report/care-text.ts";
import { problemsText } from "../report/head-problems.ts";
import { isolationText } from "../report/isolation-text.ts";
import { failureText } from "../report/messages.ts";
import { statusDocument } from "../report/status-document.ts";
import { statusTable } from "../report/status-table.ts";
import { defineCommand } from "./command.ts";
import { viewsOf } from "./views.ts";
import { print, wantsColor, withReader } from "./with-control.ts";

function text(overview: Overview, color: boolean): string {
  const table = statusTable(viewsOf(overview), { now: overview.at, color });
  const { failure, problems, head, care, isolation, at } = overview;
  const told = [care.halted, failure].flatMap(one => (one ? [failureText(one)] : []));
  const more = [...problemsText(problems, head), ...careText(care, at), ...isolationText(isolation)];
  return [table, ...told, ...more].join("\n\n");
}

export const command = defineCommand({
  verb: "status",
  describe: "what is deployed, by which commit, when checked, why held",
  builder: {},
  run: (args, io) =>
    withReader(args, io, async reader => {
      const overview = await reader.overview();
      const { repository, branch, head, failure, problems, care, isolation, at } = overview;
      const context = {
        now: at,
        repository,
        branch,
        care,
        ...(head && { head }),
        ...(failure && { failure }),
        ...(problems && { problems }),
        ...(isolation && { isolation }),
      };
      print(
        io,
        args.json,
        () => statusDocument(viewsOf(overview), context),
        () => text(overview, wantsColor(io)),
      );
      return 0;
    }),
});
