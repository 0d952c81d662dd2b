/** `holdfast resume STACK`: ends a pause. */
import { defineCommand } from "./command.ts";
import { answer, print, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "resume",
  describe: "end a pause",
  builder: { stack: { type: "string", required: true, describe: "<project>/<stack>" } },
  run: (args, io) =>
    withControl(args, io, "resume", async control =>
      answer(io, args.json, await control.resume(args.stack), resumed => {
        const text = resumed ? `${args.stack} is resumed` : `${args.stack} was not paused`;
        print(
          io,
          args.json,
          () => ({ version: 1, stack: args.stack, resumed }),
          () => text,
        );
        return 0;
      }),
    ),
});
