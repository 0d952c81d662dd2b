/** `holdfast export-state STACK`: the state as `pulumi stack export` writes it. */
import { defineCommand } from "./command.ts";
import { answer, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "export-state",
  describe: "a stack's state on stdout, as `pulumi stack export` writes it",
  builder: { stack: { type: "string", required: true, describe: "<project>/<stack>" } },
  run: (args, io) =>
    withControl(args, io, "export-state", async control =>
      answer(io, args.json, await control.exportState(args.stack), state => {
        io.stdout(`${JSON.stringify(state, null, 2)}\n`);
        return 0;
      }),
    ),
});
