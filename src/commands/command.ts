/** What a verb is. Each is one file, `src/commands/<verb>.ts`, that exports `command`; src/cli.ts turns it into options and help. */

/** An option or a positional; the keys mean what they mean in yargs. */
export interface OptionSpec {
  /** `list` takes the option several times, or a positional's many. */
  readonly type: "string" | "boolean" | "number" | "list";
  readonly describe: string;
  readonly default?: string | boolean | number;
  readonly choices?: readonly string[];
  readonly alias?: string;
  /** Wrong usage without it. */
  readonly required?: boolean;
}

export type Builder = Readonly<Record<string, OptionSpec>>;

interface TypeNames {
  string: string;
  boolean: boolean;
  number: number;
  list: readonly string[];
}

/** A list is empty where nothing is given; a boolean false; the others undefined unless required or with a default. */
type ValueOf<S extends OptionSpec> = S["type"] extends "list" | "boolean"
  ? TypeNames[S["type"]]
  : S extends { readonly choices: readonly (infer C)[] }
    ? C | Missing<S>
    : TypeNames[S["type"]] | Missing<S>;

type Missing<S extends OptionSpec> = S extends
  { readonly required: true } | { readonly default: string | boolean | number }
  ? never
  : undefined;

/** Options of every verb. From flags, then HOLDFAST_* (HOLDFAST_REPO, HOLDFAST_DATA …). */
export const globalOptions = {
  repo: { type: "string", describe: "repository of Pulumi stacks: URL or path" },
  branch: { type: "string", describe: "branch to follow" },
  data: { type: "string", describe: "data folder; it remembers its repository" },
  json: { type: "boolean", describe: "one JSON document on stdout" },
  pulumi: { type: "string", describe: "path of a Pulumi CLI to use instead of the pinned one" },
  verbose: { type: "boolean", describe: "say more on stderr" },
} as const satisfies Builder;

type ArgsOf<B extends Builder> = { readonly [K in keyof B]: ValueOf<B[K]> };

/** `rest` is what follows `--`. */
export type Args<B extends Builder> = ArgsOf<typeof globalOptions> &
  ArgsOf<B> & { readonly rest: readonly string[] };
export type GlobalArgs = Args<Record<never, OptionSpec>>;

/** What a verb sees of the process that it runs in. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly stdin: NodeJS.ReadableStream;
  /** Whether a person sees it as it comes: colours, progress that rewrites its line. */
  readonly isTTY: { readonly stdout: boolean; readonly stderr: boolean; readonly stdin: boolean };
  /** Width of the terminal; 80 where there is none. */
  readonly columns: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /**
   * Takes over SIGINT and SIGTERM, which else end the process at once: aborted at the first one; a second one still
   * ends the process. The reason is the signal's name.
   */
  stopSignal(): AbortSignal;
}

/** One verb. `verb` is its name, `describe` its line in the help; both are as in src/commands/table.ts. */
export interface Command {
  readonly verb: string;
  readonly describe: string;
  /** Its own options, and the positionals that the table's usage names. */
  readonly builder: Builder;
  /** Whether `-- ARGS` makes sense. */
  readonly takesRest?: boolean;
  /** Answers the exit code (docs: design section 8). An exception is a bug and is reported as one. */
  run(args: Readonly<Record<string, unknown>>, io: Io): Promise<number>;
}

interface TypedCommand<B extends Builder> extends Omit<Command, "builder" | "run"> {
  readonly builder: B;
  run(args: Args<B>, io: Io): Promise<number>;
}

/** Types `run`'s arguments after the builder. src/cli.ts hands over just those. */
export const defineCommand = <const B extends Builder>(command: TypedCommand<B>): Command => command;
