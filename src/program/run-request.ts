/** From the engine's Run request to what a program process is told. Pure. */
import type language from "@pulumi/pulumi/proto/language_pb.js";
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
  /** As the program reaches them. */
  readonly engineAddress: string;
  readonly monitorAddress: string;
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

function argumentsOf(request: language.RunRequest, context: RunContext, pwd: string): string[] {
  const flags: [string, string | undefined][] = [
    ["monitor", context.monitorAddress],
    ["engine", context.engineAddress],
    ["organization", request.getOrganization()],
    ["project", request.getProject()],
    ["root-directory", request.getInfo()?.getRootDirectory()],
    ["stack", request.getStack()],
    ["pwd", pwd],
    ["dry-run", request.getDryrun() ? "" : undefined],
    ["parallel", String(request.getParallel())],
  ];
  const words = flags.flatMap(([name, value]) => {
    if (value === undefined) return [];
    return value === "" ? (name === "dry-run" ? ["--dry-run"] : []) : [`--${name}`, value];
  });
  return [...words, request.getInfo()?.getEntryPoint() || ".", ...request.getArgsList()];
}

/** The same names and arguments that `pulumi-language-nodejs` gives to `cmd/run`. */
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
    args: argumentsOf(request, context, pwd),
    typescript,
    debug: context.debug,
    ...(tsconfig === undefined ? {} : { tsconfig }),
  };
}

export const runtimeOptionsOf = (request: language.RunRequest): Record<string, unknown> =>
  request.getInfo()?.getOptions()?.toJavaScript() ?? {};
