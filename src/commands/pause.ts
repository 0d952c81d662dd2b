/** `holdfast pause STACK --why …`: no runs of this stack until it is resumed. */
import { defineCommand } from "./command.ts";
import { answer, print, whoAsks, withControl } from "./with-control.ts";

export const command = defineCommand({
  verb: "pause",
  describe: "leave a stack alone until it is resumed",
  builder: {
    stack: { type: "string", required: true, describe: "<project>/<stack>" },
    why: { type: "string", required: true, describe: "the reason, for those who will ask" },
  },
  run: (args, io) =>
    withControl(args, io, "pause", async control =>
      answer(io, args.json, await control.pause(args.stack, args.why, whoAsks(io)), pause => {
        print(
          io,
          args.json,
          () => ({ version: 1, pause: { ...pause, at: new Date(pause.at).toISOString() } }),
          () => `${pause.stack} is paused: ${pause.why}`,
        );
        return 0;
      }),
    ),
});
