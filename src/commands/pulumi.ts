/** `holdfast pulumi -- ARGS`: the plain CLI, wired to the state service, a program worker and our providers. */
import { defineCommand } from "./command.ts";
import { sayFailure } from "./with-control.ts";

export const command = defineCommand({
  verb: "pulumi",
  describe: "the plain Pulumi CLI on holdfast's state: `holdfast pulumi -- stack ls`",
  builder: {},
  takesRest: true,
  async run(args, io) {
    const { runPulumi } = await import("./wire-pulumi.ts");
    const code = await runPulumi(args, io);
    return code.ok ? code.value : sayFailure(io, args.json, code.failure);
  },
});
