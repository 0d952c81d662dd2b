/** From the engine's Run request to what a program process is told. Pure. */
import type language from "@pulumi/pulumi/proto/language_pb.js";
import type { Addresses } from "./boxed-process.ts";
import type { RunMessage } from "./worker/run-message.ts";

export interface RunOptions {
  readonly typescript: boolean;
  readonly tsconfig?: string;
  readonly nodeArgs: readonly string[];
}

/** Splits `runtime.options.nodeargs` at blanks; quotes hold blanks together. */
export function splitNodeArgs(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map(word => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** `--import tsx` and its like: two transpilers in one process would work on each other's results. */
const OWN_TRANSPILER = /(^|[\s=/"'])(tsx|ts-node|@swc\/|@swc-node\/)/;

/** `runtime.options` of the Pulumi.yaml, with the language host's defaults. */
export function readRuntimeOptions(options: Readonly<Record<string, unknown>>): RunOptions {
  const { tsconfig, nodeargs } = options;
  const bringsOwn = typeof nodeargs === "string" && OWN_TRANSPILER.test(nodeargs);
  return {
    typescript: options.typescript !== false && !bringsOwn,
    ...(typeof tsconfig === "string" && tsconfig !== "" ? { tsconfig } : {}),
    nodeArgs: typeof nodeargs === "string" ? splitNodeArgs(nodeargs) : [],
  };
}

/** Where the program works and where its own imports start. */
export const programFolderOf = (request: language.RunRequest): string =>
  request.getInfo()?.getProgramDirectory() || request.getPwd();

export interface RunContext {
  readonly sdk: string;
  /** Whether anybody wants debug messages. */
  readonly debug: boolean;
  /** The stack's own names. */
  readonly env: Readonly<Record<string, string>>;
}

function configOf(request: language.RunRequest): Record<string, string> {
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => {
    config[key] = value;
  });
  return config;
}

/** The first word, where it is one. */
const DRY_RUN = "--dry-run";

/** The words of a dry run, and those of an update, in place of each other. */
export const wordsFor = (dryRun: boolean, args: readonly string[]): readonly string[] => {
  const others = args[0] === DRY_RUN ? args.slice(1) : args;
  return dryRun ? [DRY_RUN, ...others] : others;
};

function argumentsOf(request: language.RunRequest, pwd: string): string[] {
  const flags: [string, string | undefined][] = [
    ["organization", request.getOrganization()],
    ["project", request.getProject()],
    ["root-directory", request.getInfo()?.getRootDirectory()],
    ["stack", request.getStack()],
    ["pwd", pwd],
    ["parallel", String(request.getParallel())],
  ];
  const words = flags.flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`--${name}`, value],
  );
  return [
    ...(request.getDryrun() ? [DRY_RUN] : []),
    ...words,
    request.getInfo()?.getEntryPoint() || ".",
    ...request.getArgsList(),
  ];
}

/** The same with the addresses as the program reaches them, which is known last. */
export function reached(message: RunMessage, { engine, monitor }: Addresses): RunMessage {
  const addresses = ["--monitor", monitor, ...(engine === "" ? [] : ["--engine", engine])];
  return { ...message, args: [...addresses, ...message.args] };
}

/** The same names and arguments that `pulumi-language-nodejs` gives to `cmd/run`, but for the addresses. */
export function toRunMessage(request: language.RunRequest, context: RunContext): RunMessage {
  const pwd = programFolderOf(request);
  const { typescript, tsconfig } = readRuntimeOptions(runtimeOptionsOf(request));
  return {
    sdk: context.sdk,
    pwd,
    env: {
      ...context.env,
      PULUMI_CONFIG: JSON.stringify(configOf(request)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
    },
    args: argumentsOf(request, pwd),
    typescript,
    debug: context.debug,
    ...(tsconfig === undefined ? {} : { tsconfig }),
  };
}

export const runtimeOptionsOf = (request: language.RunRequest): Record<string, unknown> =>
  request.getInfo()?.getOptions()?.toJavaScript() ?? {};
