/** Turns words on the command line into a verb's run. The only user of yargs, and the one place that sets the exit code. */
import yargs, { type Argv, type Options, type PositionalOptions } from "yargs";
import { globalOptions, type Builder, type Command, type OptionSpec } from "./commands/command.ts";
import { processIo } from "./commands/io.ts";
import { table, type Verb } from "./commands/table.ts";
import { version } from "./commands/version.ts";

/** As sysexits.h names them. */
const EX_USAGE = 64;
const EX_SOFTWARE = 70;
/** Wider lines are hard to read. */
const WIDEST_HELP = 100;

/** The person's words make no sense; `help` shows those that do. */
class UsageError extends Error {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

interface Chosen {
  readonly command: Command;
  readonly argv: Readonly<Record<string, unknown>>;
}

const io = processIo();
/** Whose exceptions they are. */
let running: Chosen | undefined;

/** HOLDFAST_DATA_FOLDER → data-folder, for the options that this verb has; others may be meant for another verb. */
function fromEnvironment(builder: Builder): Record<string, string> {
  const named = Object.keys(builder).map(name => [
    name,
    `HOLDFAST_${name.replaceAll("-", "_").toUpperCase()}`,
  ]);
  return Object.fromEntries(
    named.flatMap(([name = "", variable = ""]) => {
      const value = io.env[variable];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}

/** Options in yargs' words; a positional is one without what only flags have. */
function toYargs(spec: OptionSpec): Options & PositionalOptions {
  const { type, describe, choices, alias, required } = spec;
  return {
    describe,
    ...(type === "list" ? { type: "string", array: true, default: [], defaultDescription: "all" } : { type }),
    ...(type === "boolean" && { default: false, defaultDescription: "no" }),
    ...(spec.default !== undefined && { default: spec.default }),
    ...(choices && { choices }),
    ...(alias && { alias }),
    ...(required && { demandOption: true }),
  };
}

const positionalsOf = (usage: string): string[] =>
  [...usage.matchAll(/[<[]([\w-]+)/g)].map(match => match[1] ?? "");

function addOptions(parser: Argv, builder: Builder, positionals: readonly string[], group: string): void {
  for (const [name, spec] of Object.entries(builder)) {
    if (positionals.includes(name)) parser.positional(name, toYargs(spec));
    else parser.option(name, { ...toYargs(spec), group, requiresArg: spec.type !== "boolean" });
  }
}

/** yargs lets some mistakes pass: an option given twice, a number that is none, words after `--` that nobody reads. */
function findMistake(argv: Readonly<Record<string, unknown>>, command: Command): string | undefined {
  const all: Builder = { ...globalOptions, ...command.builder };
  for (const [name, { type }] of Object.entries(all)) {
    if (type !== "list" && Array.isArray(argv[name])) return `--${name} is given twice`;
    if (type === "number" && Number.isNaN(argv[name])) return `--${name} takes a number`;
  }
  if (!command.takesRest && argv["--"] !== undefined) return `${command.verb} takes nothing after --`;
  return undefined;
}

const nameOf = (verb: Verb): string => verb.usage.split(" ")[0] ?? "";

/** Loads the verbs that the words name: the one that will run, and those that merely stand there as a value. */
async function loadNamed(words: readonly string[]): Promise<ReadonlyMap<Verb, Command>> {
  const named = table.filter(verb => words.includes(nameOf(verb)));
  return new Map(await Promise.all(named.map(async verb => [verb, (await verb.load()).command] as const)));
}

function addVerb(
  parser: Argv,
  verb: Verb,
  command: Command | undefined,
  choose: (chosen: Chosen) => void,
): void {
  if (!command) {
    // Only for the help: nothing on the command line can choose it.
    parser.command(verb.usage, verb.describe);
    return;
  }
  const addOwn = (inner: Argv): Argv => {
    addOptions(inner, command.builder, positionalsOf(verb.usage), "Options:");
    inner.config(fromEnvironment({ ...globalOptions, ...command.builder }));
    return inner.check(argv => findMistake(argv, command) ?? true);
  };
  parser.command(verb.usage, verb.describe, addOwn, argv => choose({ command, argv }));
}

/** Calls `choose` where the words name a verb and fit it; throws a UsageError where they fit none. */
function makeParser(commands: ReadonlyMap<Verb, Command>, choose: (chosen: Chosen) => void): Argv {
  const parser = yargs()
    .scriptName("holdfast")
    .usage("$0 <verb> [options]\n\nKeeps infrastructure equal to Git.")
    .locale("en")
    .wrap(Math.min(WIDEST_HELP, io.columns))
    .parserConfiguration({ "populate--": true, "camel-case-expansion": false, "greedy-arrays": false })
    .exitProcess(false)
    .strict()
    .recommendCommands()
    .demandCommand(1, "Which verb?")
    .version(version())
    .help()
    .group(["help", "version"], "Every verb:");
  addOptions(parser, globalOptions, [], "Every verb:");
  table.forEach(verb => addVerb(parser, verb, commands.get(verb), choose));
  return parser.fail((message: string | undefined, error: unknown, failed) => {
    if (error instanceof Error && error.name !== "YError") throw error;
    let help = "";
    failed.showHelp(text => (help = text));
    throw new UsageError(message ?? "wrong usage", help);
  });
}

/** Only what the verb's builder names, under just that name. */
function argsOf({ command, argv }: Chosen): Record<string, unknown> {
  const names = Object.keys({ ...globalOptions, ...command.builder });
  return { ...Object.fromEntries(names.map(name => [name, argv[name]])), rest: argv["--"] ?? [] };
}

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  let chosen: Chosen | undefined;
  let shown = "";
  const parser = makeParser(await loadNamed(words), choice => (chosen = choice));
  await parser.parse(words, {}, (error, _argv, output) => {
    if (error) throw error;
    shown = output;
  });
  if (chosen) return chosen.command.run(argsOf((running = chosen)), io);
  io.stdout(`${shown}\n`);
  return 0;
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    io.stderr(`${error.help}\n\nholdfast: ${error.message}\n`);
    return EX_USAGE;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr(`holdfast: this is a bug in holdfast; please report it with what follows.\n${stack}\n`);
  return EX_SOFTWARE;
}

/** Disk and database may be to blame, and what the daemon told; all else is a bug. */
async function explain(error: unknown): Promise<number | undefined> {
  if (!running) return undefined;
  const { sayTrouble } = await import("./commands/say-trouble.ts");
  return sayTrouble(error, argsOf(running), running.command.verb, io);
}

/** At once: helpers that were started by then would keep a daemon alive that does nothing. They end when we do. */
async function end(error: unknown): Promise<never> {
  const code = await explain(error).catch(() => undefined);
  process.exit(code ?? report(error));
}

process.on("uncaughtException", error => void end(error));
try {
  process.exitCode = await main();
} catch (error) {
  await end(error);
}
