/** `holdfast export-state STACK`: the state as `pulumi stack export` writes it, or moved to a backend of Pulumi's own. */
import { defineCommand } from "./command.ts";
import { answer, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "export-state",
  describe: "a stack's state on stdout, or moved to a backend of Pulumi's own",
  builder: {
    stack: { type: "string", required: true, describe: "<project>/<stack>" },
    to: {
      type: "string",
      describe:
        "file://, s3://, gs://, azblob:// or postgres://…, or a file; secrets are encrypted with PULUMI_CONFIG_PASSPHRASE",
    },
    force: {
      type: "boolean",
      describe: "with --to: also over a state that is there, and with steps whose end nobody saw",
    },
  },
  async run(args, io) {
    const { stack, to, force } = args;
    if (to !== undefined) {
      const { moveOut } = await import("./export-move.ts");
      return moveOut(args, io, { stack, to, force });
    }
    return withControl(args, io, "export-state", async control =>
      answer(io, args.json, await control.exportState(stack), state => {
        io.stdout(`${JSON.stringify(state, null, 2)}\n`);
        return 0;
      }),
    );
  },
});
