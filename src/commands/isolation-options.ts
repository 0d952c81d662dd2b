/** `serve`'s options for how programs are kept away from the machine; each is a setting of the same name. */
import type { Builder } from "./command.ts";

export const isolationOptions = {
  isolation: { type: "string", describe: "auto, required or off: whether programs run in boxes" },
  "program-network": { type: "string", describe: "outside or none: what programs in boxes reach" },
  "program-folders": { type: "string", describe: "folders that programs in boxes may read, with : between" },
  "program-plugins": {
    type: "string",
    describe: "refuse or unboxed: plugins that a Pulumi.yaml names by path",
  },
  "program-memory": { type: "string", describe: "memory that a program in a box may take, such as 2 GB" },
  "program-processes": { type: "string", describe: "processes and threads that it may have" },
  "isolation-uid": { type: "string", describe: "first of two user ids for programs and installs" },
} as const satisfies Builder;

type Names = keyof typeof isolationOptions;
export type IsolationArgs = { readonly [name in Names]?: string | undefined };

/** By the settings' names. */
export const isolationFlags = (args: IsolationArgs): Readonly<Record<string, string | undefined>> => ({
  isolation: args.isolation,
  programNetwork: args["program-network"],
  programFolders: args["program-folders"],
  programPlugins: args["program-plugins"],
  programMemory: args["program-memory"],
  programProcesses: args["program-processes"],
  isolationUid: args["isolation-uid"],
});
