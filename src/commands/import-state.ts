/** `holdfast import-state STACK FROM`: takes a `pulumi stack export` over. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fail, ok, type Result } from "../engine/failure.ts";
import { defineCommand, type Io } from "./command.ts";
import { answer, print, sayFailure, withControl } from "./with-control.ts";

async function read(from: string, io: Io): Promise<Result<unknown>> {
  const broken = (message: string): Result<never> =>
    fail({
      kind: "stalled",
      reason: "config-invalid",
      problems: [
        {
          message: `${from === "" ? "stdin" : from}: ${message}`,
          hint: "make it with `pulumi stack export --show-secrets --file FILE`",
        },
      ],
    });
  try {
    // yargs makes an empty text of a lone dash.
    const content =
      from === "-" || from === "" ? await text(io.stdin) : await readFile(path.resolve(io.cwd, from), "utf8");
    return ok(JSON.parse(content) as unknown);
  } catch (error) {
    return broken(error instanceof SyntaxError ? "this is no JSON" : `it cannot be read: ${String(error)}`);
  }
}

export const command = defineCommand({
  verb: "import-state",
  describe: "take over the state of a stack from a `pulumi stack export`",
  builder: {
    stack: { type: "string", required: true, describe: "<project>/<stack>" },
    from: {
      type: "string",
      required: true,
      describe: "a file of `pulumi stack export --show-secrets`; - is stdin",
    },
  },
  async run(args, io) {
    const deployment = await read(args.from, io);
    if (!deployment.ok) return sayFailure(io, args.json, deployment.failure);
    return withControl(args, io, "import-state", async control =>
      answer(io, args.json, await control.importState(args.stack, deployment.value), ({ version }) => {
        print(
          io,
          args.json,
          () => ({ version: 1, stack: args.stack, stateVersion: version }),
          () =>
            `${args.stack} has its state now (version ${version}); \`holdfast plan ${args.stack}\` shows whether it fits`,
        );
        return 0;
      }),
    );
  },
});
