/**
 * The CLI's whole environment (design section 3): nothing is inherited but what the daemon names. Names as in
 * sdk/go/common/env/env.go of 3.259.0; each was tried.
 */
import path from "node:path";
import type { ServedProviders } from "../engine/ports/program.ts";
import type { OperationContext } from "../engine/ports/pulumi.ts";

export interface EnvironmentParts {
  readonly context: Pick<
    OperationContext,
    "state" | "providers" | "program" | "env" | "onlyOwn" | "resources"
  >;
  /** Our own PULUMI_HOME. */
  readonly home: string;
  /** For credentials.json, where the CLI writes its token in the clear: a folder on tmpfs that ends with the operation. */
  readonly credentials: string;
  /** Of the worker that runs the program; undefined for operations without a program. */
  readonly workerPort: number | undefined;
  /** Which language the worker stands for. */
  readonly runtime: string;
  /** Folders for PATH, in front of the program's and of `base.PATH` (default: the system's usual ones). */
  readonly path: readonly string[];
  /** Where programs have boxes. */
  readonly dynamicProviders?: Pick<ServedProviders, "path" | "env"> | undefined;
  /** What every operation gets besides, for example HOME. */
  readonly base: Readonly<Record<string, string>>;
}

const SYSTEM_PATH = ["/usr/local/bin", "/usr/bin", "/bin"];

/**
 * No step of an operation may wait for the internet: without these three switches the CLI looks for newer versions,
 * for plugins that PULUMI_DEBUG_PROVIDERS serves already, and for packages in a registry (2.7 s instead of 0.18 s).
 */
const OFFLINE = {
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
};

const QUIET = {
  PULUMI_AUTOMATION_API: "true",
  PULUMI_DEBUG_COMMANDS: "true", // shows --event-log
  PULUMI_JOURNALING_BATCH_PERIOD: "1", // the default of 50 ms makes each step wait: 2-3 times slower
  NO_COLOR: "1",
};

/**
 * For a stack of holdfast's own resources alone, which the provider host serves: no plugin inherits these.
 * PULUMI_PARALLEL: the default of four steps for each core means small batches of the journal, each with a flush of
 * the disk. A plugin's service may count requests, so that with plugins the default stays.
 */
const WITHOUT_PLUGINS = { PULUMI_PARALLEL: "64" };

/** The CLI lives for a second or two; with Go's default (100) a fifth of that goes into collecting garbage. */
const LITTLE_GARBAGE = { GOGC: "400" };
/**
 * With 200 resources it makes 260 MB, of which 30 are alive. A limit that what is alive comes near to would keep it
 * collecting half of its time: none for stacks that are large, or of which nobody knows what they will hold.
 */
const UP_TO_A_LIMIT = { GOGC: "off", GOMEMLIMIT: "256MiB" };
const FEW = 1_000;

const collecting = (resources = 0): Readonly<Record<string, string>> =>
  resources > 0 && resources <= FEW ? UP_TO_A_LIMIT : LITTLE_GARBAGE;

/**
 * Where inputs are the same the engine need not ask for a difference (step_generator.go, `UseLegacyDiff`): holdfast's
 * resources differ by their inputs alone (providers/grpc/steps.ts). Others may see more in it than their inputs.
 */
const ONLY_OWN = { PULUMI_ENABLE_LEGACY_DIFF: "true" };

/** A stack's own settings come from the repository: they may not move the CLI to another state, home or address. */
const isOurs = (name: string): boolean => name === "PATH" || name.startsWith("LD_");

function stackEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOurs(name)));
}

/** The fixed part wins over the stack's own settings. */
export function environmentOf(parts: EnvironmentParts): Record<string, string> {
  const { context } = parts;
  const { dynamicProviders: dynamic } = parts;
  // Among the program's, but for programs in boxes: @pulumi/pulumi's folder, whose pulumi-resource-pulumi-nodejs serves
  // dynamic providers.
  const system = parts.base["PATH"]?.split(path.delimiter) ?? SYSTEM_PATH;
  const own = [...(dynamic ? [dynamic.path] : []), ...parts.path];
  const folders = [...own, ...context.program.pathEntries, ...system];
  const withoutPlugins = parts.runtime === "nodejs" && context.program.plugins.length === 0;
  return {
    ...parts.base,
    ...(withoutPlugins && { ...WITHOUT_PLUGINS, ...collecting(context.resources) }),
    ...(context.onlyOwn && ONLY_OWN),
    ...stackEnvironment(context.env),
    ...OFFLINE,
    ...QUIET,
    ...dynamic?.env,
    PATH: folders.join(path.delimiter),
    PULUMI_HOME: parts.home,
    PULUMI_CREDENTIALS_PATH: parts.credentials,
    PULUMI_BACKEND_URL: context.state.url,
    PULUMI_ACCESS_TOKEN: context.state.token,
    ...(context.providers.attach && { PULUMI_DEBUG_PROVIDERS: context.providers.attach }),
    // Workers run Node programs; for any other runtime the CLI looks for the language host itself.
    ...(parts.workerPort !== undefined &&
      parts.runtime === "nodejs" && {
        PULUMI_DEBUG_LANGUAGES: `nodejs:${parts.workerPort}`,
      }),
  };
}
