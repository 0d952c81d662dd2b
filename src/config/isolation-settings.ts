/** Settings of how programs are kept away from the machine. */
import { z } from "zod";

/** Node and a Pulumi SDK take 150 MB. */
const LEAST_MEMORY = 256e6;
const UNITS: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9 };

function bytesOf(text: string): number | undefined {
  const [, count = "", unit = ""] = /^(\d{1,6})\s*(MB|GB)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  return factor === undefined ? undefined : Number(count) * factor;
}

export const isolationShape = {
  isolation: z
    .enum(["auto", "required", "off"])
    .optional()
    .describe(
      "Whether programs and installs are kept away from the machine. Default auto: where that can be done.",
    ),
  programNetwork: z
    .enum(["outside", "none"])
    .optional()
    .describe(
      "What an isolated program reaches besides its engine. Default outside: other machines, not this one.",
    ),
  programFolders: z
    .string()
    .max(4096)
    .regex(/^\/[^:\n]*(:\/[^:\n]*)*$/, "write absolute folders with : between them")
    .optional()
    .describe("Folders that isolated programs may read besides their checkout, with : between them."),
  programPlugins: z
    .enum(["refuse", "unboxed"])
    .optional()
    .describe(
      "Plugins that a Pulumi.yaml names by a path, where programs are isolated. Default refuse; unboxed: they run as the daemon's user.",
    ),
  programMemory: z
    .string()
    .refine(text => (bytesOf(text) ?? 0) >= LEAST_MEMORY, {
      error: "write a size, such as 2 GB; at least 256 MB",
    })
    .optional()
    .describe(
      "Memory that an isolated program may take. Default 4 GB, or half of the machine's where that is less.",
    ),
  programProcesses: z
    .int()
    .min(64)
    .max(1_000_000)
    .optional()
    .describe("Processes and threads that an isolated program may have at one time. Default 512."),
  isolationUid: z
    .int()
    .min(1)
    .max(2 ** 31 - 2)
    .optional()
    .describe(
      "Where holdfast is root: the first of two user ids for programs and installs. Default 1900000000.",
    ),
};

type IsolationValues = z.output<z.ZodObject<typeof isolationShape>>;

export interface IsolationSettings {
  /** Default auto: where it can be done. `required`: else nothing starts. */
  readonly wish?: "auto" | "required" | "off";
  /** Default outside: other machines. */
  readonly network?: "outside" | "none";
  /** Absolute folders that programs may read besides their checkout. */
  readonly folders?: readonly string[];
  /** Default refuse: plugins that a Pulumi.yaml names by a path. */
  readonly plugins?: "refuse" | "unboxed";
  /** Bytes that a program may take. Default: 4 GB, or half of the machine's memory where that is less. */
  readonly memory?: number;
  /** Processes and threads of a program at one time. Default 512. */
  readonly processes?: number;
  /** The first of two user ids, where holdfast is root. */
  readonly uid?: number;
}

export function isolationOf(values: IsolationValues): IsolationSettings {
  const { isolation, programNetwork, programFolders, programPlugins, programMemory } = values;
  const { programProcesses, isolationUid } = values;
  const memory = programMemory === undefined ? undefined : bytesOf(programMemory);
  return {
    ...(programFolders === undefined ? {} : { folders: programFolders.split(":") }),
    wish: isolation ?? "auto",
    network: programNetwork ?? "outside",
    plugins: programPlugins ?? "refuse",
    ...(memory === undefined ? {} : { memory }),
    ...(programProcesses === undefined ? {} : { processes: programProcesses }),
    ...(isolationUid === undefined ? {} : { uid: isolationUid }),
  };
}
