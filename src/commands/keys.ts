/** `holdfast keys list|rotate`: what the secrets in the state are encrypted with, and who can open it. */
import { defineCommand, type Io } from "./command.ts";
import { listText, keysDocument } from "./keys-text.ts";
import { answer, print, sayFailure, whoAsks } from "./with-control.ts";
import type { GlobalArgs } from "./command.ts";

const wiring = () => import("./wire-keys.ts");

async function list(args: GlobalArgs, io: Io): Promise<number> {
  const { listKeys } = await wiring();
  return answer(io, args.json, await listKeys(args, io), keys => {
    print(
      io,
      args.json,
      () => keysDocument(keys),
      () => listText(keys, Date.now()),
    );
    return 0;
  });
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

async function rotate(
  args: GlobalArgs,
  io: Io,
  wish: { readonly to: readonly string[]; readonly wrapOnly: boolean },
): Promise<number> {
  const { rotateKeys } = await wiring();
  const tell = (text: string): void => {
    if (io.isTTY.stderr || args.verbose) io.stderr(`${text}\n`);
  };
  const rotated = await rotateKeys(args, io, { ...wish, by: whoAsks(io) }, tell);
  return answer(io, args.json, rotated, ({ recipients, wrapped, stacks, values }) => {
    const lines = [
      `${plural(stacks, "stack")} with a new data key; ${plural(values, "stored value")} encrypted anew.`,
      `${plural(wrapped + stacks, "key")} encrypted for ${recipients.join(", ")}.`,
      "Older data keys are kept: values in Git may need them.",
    ];
    print(
      io,
      args.json,
      () => ({ version: 1, recipients, wrapped, stacks, values }),
      () => lines.join("\n"),
    );
    return 0;
  });
}

export const command = defineCommand({
  verb: "keys",
  describe: "what the state's secrets are encrypted with: list, rotate",
  builder: {
    action: { type: "string", required: true, choices: ["list", "rotate"], describe: "what to do" },
    to: {
      type: "list",
      describe: "rotate: age recipients (age1…) that can open the keys from now on, and nobody else",
    },
    "wrap-only": { type: "boolean", describe: "rotate: leave the data keys, only encrypt them anew" },
  },
  async run(args, io) {
    const to = args.to.flatMap(text => text.split(",")).map(text => text.trim());
    if (args.action === "rotate") return rotate(args, io, { to, wrapOnly: args["wrap-only"] });
    if (to.length === 0 && !args["wrap-only"]) return list(args, io);
    const message = "--to and --wrap-only belong to `holdfast keys rotate`";
    sayFailure(io, args.json, { kind: "stalled", reason: "config-invalid", problems: [{ message }] });
    return 64;
  },
});
