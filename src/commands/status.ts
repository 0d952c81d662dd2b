/** `holdfast status`: each stack's state, its commit and its last check. */
import type { Overview } from "../engine/ports/control.ts";
import { statusDocument } from "../report/documents.ts";
import { failureText } from "../report/messages.ts";
import { stackViews, type StackView } from "../report/stack-view.ts";
import { statusTable } from "../report/status-table.ts";
import { defineCommand } from "./command.ts";
import { print, wantsColor, withReader } from "./with-control.ts";

function views({ stacks, head, at }: Overview): StackView[] {
  return stackViews({
    statuses: stacks.flatMap(({ status }) => (status ? [status] : [])),
    pauses: stacks.flatMap(({ pause }) => (pause ? [pause] : [])),
    wanted: stacks.flatMap(({ stack, settings }) => (settings ? [{ name: stack, settings }] : [])),
    ...(head && { head }),
    now: at,
  });
}

function text(overview: Overview, color: boolean): string {
  const table = statusTable(views(overview), { now: overview.at, color });
  return overview.failure ? `${table}\n\n${failureText(overview.failure)}` : table;
}

export const command = defineCommand({
  verb: "status",
  describe: "what is deployed, by which commit, when checked, why held",
  builder: {},
  run: (args, io) =>
    withReader(args, io, async reader => {
      const overview = await reader.overview();
      const { repository, branch, head, failure, at } = overview;
      const context = { now: at, repository, branch, ...(head && { head }), ...(failure && { failure }) };
      print(
        io,
        args.json,
        () => statusDocument(views(overview), context),
        () => text(overview, wantsColor(io)),
      );
      return 0;
    }),
});
