/** `holdfast restore`: everything that holdfast remembers, out of a backup. */
import { timestamp } from "../report/age.ts";
import { shortSha } from "../report/commit.ts";
import { defineCommand } from "./command.ts";
import type { Restored } from "./wire-restore.ts";
import { answer, print } from "./with-control.ts";

const restoredDocument = ({ name, body, ours, aside }: Restored) => ({
  version: 1,
  name,
  madeAt: new Date(body.madeAt).toISOString(),
  occasion: body.occasion,
  host: body.host,
  repository: body.repository ?? null,
  branch: body.branch,
  ours,
  runs: body.runs,
  tokens: body.tokens,
  aside: aside ?? null,
  stacks: body.stacks.map(({ stack, version, resources, deployed }) => ({
    stack,
    stateVersion: version,
    resources,
    deployed: deployed ?? null,
  })),
});

function restoredText({ body, ours, maker, aside }: Restored): string {
  const stacks = body.stacks.map(({ stack, version, resources, deployed }) => {
    const commit = deployed === undefined ? "never deployed" : `deployed ${shortSha(deployed)}`;
    return `${stack}  version ${version}, ${resources} resources, ${commit}`;
  });
  return [
    `Restored the backup of ${timestamp(body.madeAt)} (${body.occasion}, made on ${body.host} by holdfast ${body.holdfast})`,
    `repository  ${body.repository ?? "none yet"} (${body.branch})`,
    ...stacks,
    `${body.runs} runs, ${body.tokens} tokens`,
    ...(aside === undefined ? [] : [`What was there before is in ${aside}`]),
    ...(ours ? [] : [`Made with the key ${maker}, which is not here: nobody can tell whether it is yours.`]),
  ].join("\n");
}

export const command = defineCommand({
  verb: "restore",
  describe: "bring everything that holdfast remembers back from a backup",
  builder: {
    from: {
      type: "string",
      describe: "a backup's file, a folder, s3://BUCKET/PREFIX, or git; else as in the settings",
    },
    backup: { type: "string", describe: "name of the backup; else the newest" },
    force: { type: "boolean", describe: "also where there is state, which is kept aside" },
  },
  async run(args, io) {
    const { restore } = await import("./wire-restore.ts");
    const { from, backup, force } = args;
    return answer(io, args.json, await restore(args, io, { from, backup, force }), restored => {
      print(
        io,
        args.json,
        () => restoredDocument(restored),
        () => restoredText(restored),
      );
      return 0;
    });
  },
});
