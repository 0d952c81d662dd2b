/** The `Pulumi` port on the real CLI. */
import path from "node:path";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { DynamicProviders, Worker } from "../engine/ports/program.ts";
import type { Applied, Observation, OperationContext, Pulumi } from "../engine/ports/pulumi.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { appliedOf } from "./apply-result.ts";
import type { Operation } from "./arguments.ts";
import type { Limits } from "../process/isolation/limits.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import { isSuccess, type EngineEvent } from "./engine-event.ts";
import { failureOf, isRefusal } from "./failures.ts";
import { prepareHome } from "./home.ts";
import { observe } from "./observe.ts";
import type { PassphraseSource } from "./open-secure-values.ts";
import {
  operate,
  type CliOutcome,
  type CliSettings,
  type LiveCli,
  type OperateOptions,
  type StopTimes,
} from "./operate.ts";
import { passphraseKeys } from "./passphrase.ts";
import { loadHashKey, writeConfig, type ConfigWriter } from "./write-config.ts";

export interface PulumiOptions {
  /** Absolute path of the CLI, 3.259.0. */
  readonly binary: string;
  /** Absolute folder for PULUMI_HOME, ours alone; also keeps the key of config hashes. */
  readonly home: string;
  /** Absolute folder for what lives as long as an operation, on tmpfs where there is one. */
  readonly runDir: string;
  readonly redactor: Redactor;
  /** Folders in front of PATH; default: the folder of this Node. Language hosts and plugins are found there. */
  readonly path?: readonly string[];
  /** What every CLI gets besides, for example HOME; nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where programs have boxes; default: the CLI starts their dynamic providers as itself. */
  readonly dynamicProviders?: DynamicProviders;
  /** Of programs' boxes, where they have some. */
  readonly limits?: Limits;
  /** For `secure:` values of stack files. */
  readonly passphrase?: PassphraseSource;
  /** Folder of installed plugins that ours is a link to, for example ~/.pulumi/plugins; default: a folder of our own in `home`. */
  readonly plugins?: string;
  /** How long the CLI may take to end when asked. Default: 60 s gently, then 10 s. */
  readonly stopMs?: StopTimes;
  /** Each CLI process, for the records of what would survive us. */
  readonly onProcess?: (cli: LiveCli) => void;
  readonly onProcessEnded?: (pid: number) => void;
}

/** A step under way may be a slow one (a VM that boots); the second time the CLI only has to write down what it knows. */
const STOP_TIMES: StopTimes = { graceful: 60_000, terminate: 10_000 };

function settingsOf(options: PulumiOptions): CliSettings {
  return {
    binary: options.binary,
    home: options.home,
    runDir: options.runDir,
    path: options.path ?? [path.dirname(process.execPath)],
    base: options.environment ?? {},
    dynamicProviders: options.dynamicProviders,
    stopMs: options.stopMs ?? STOP_TIMES,
    onProcess: options.onProcess,
    onProcessEnded: options.onProcessEnded,
  };
}

/** One operation's outcome as a failure, where it is one. */
function failed(
  context: OperationContext,
  operation: Operation,
  outcome: CliOutcome,
  { redactor, home, limits }: Pick<PulumiOptions, "redactor" | "home" | "limits">,
  worker?: Worker,
): Result<never> {
  const { deadlineMs } = context;
  const inPreview = outcome.previewed.length > 0 && !outcome.previewed.some(isSuccess);
  const events = inPreview ? outcome.previewed : outcome.events;
  const what = `pulumi ${inPreview ? "preview" : operation.kind} ${context.stack.name}`;
  const program = { runsProgram: worker !== undefined, output: worker?.output() ?? "" };
  return fail(
    failureOf({ what, deadlineMs, home, limits, result: outcome.result, events, ...program }, redactor),
  );
}

/** Where programs have boxes, one that cannot have any says so with each plan. */
function unboxed(
  { limits }: PulumiOptions,
  { stack: { runtime } }: OperationContext,
  worker: Worker | undefined,
): string | undefined {
  if (!limits || !worker || runtime === "nodejs") return undefined;
  return `warning: programs in ${runtime} are not isolated: it ran as the daemon's user (see docs/security.md, Isolation)`;
}

const withNote = (observed: Observation, note: string | undefined): Observation =>
  note === undefined ? observed : { ...observed, diagnostics: [note, ...observed.diagnostics] };

const hasDone = (event: EngineEvent): boolean =>
  event.kind === "failed" ||
  (event.kind === "done" && event.step.op !== "same" && event.step.op !== "refresh");

/**
 * Whether a changing operation that failed still is a result: it ran to its own end and did, failed or was refused
 * some step. What the state service refused is told by no failed step, only by an error of its resource.
 */
function isResult({ result, events }: CliOutcome, redactor: Redactor): boolean {
  if (result.code === null || result.timedOut || result.aborted) return false;
  return events.some(hasDone) || diagnosticsOf(events, redactor).some(({ message }) => isRefusal(message));
}

/** Makes the port. The folders are made at the first operation. */
export function createPulumi(options: PulumiOptions): Pulumi {
  const { redactor } = options;
  const settings = settingsOf(options);
  const opener = passphraseKeys();
  let prepared: Promise<void> | undefined;
  const ready = (): Promise<void> => (prepared ??= prepareHome(options.home, options.plugins));
  const writer = async (): Promise<ConfigWriter> => {
    await ready();
    const hashKey = await loadHashKey(path.join(options.home, "config-hash.key"));
    return { runDir: options.runDir, redactor, passphrase: options.passphrase ?? {}, opener, hashKey };
  };
  const perform = async (
    context: OperationContext,
    operation: Operation,
    worker?: Worker,
    more: Omit<OperateOptions, "workerPort"> = {},
  ): Promise<CliOutcome> => {
    await ready();
    return operate(settings, context, operation, { workerPort: worker?.port, ...more });
  };
  const seenBy = (
    events: readonly EngineEvent[],
    context: OperationContext,
    worker: Worker | undefined,
  ): Observation => withNote(observe(events, redactor), unboxed(options, context, worker));
  const look = async (
    context: OperationContext,
    operation: Operation,
    worker?: Worker,
  ): Promise<Result<Observation>> => {
    const outcome = await perform(context, operation, worker);
    if (outcome.result.code !== 0) return failed(context, operation, outcome, options, worker);
    return ok(seenBy(outcome.events, context, worker));
  };
  const change = async (
    context: OperationContext,
    operation: Operation,
    worker?: Worker,
    more?: Omit<OperateOptions, "workerPort">,
  ): Promise<Result<Applied>> => {
    const outcome = await perform(context, operation, worker, more);
    const { code } = outcome.result;
    if (code !== 0 && !isResult(outcome, redactor))
      return failed(context, operation, outcome, options, worker);
    return ok(appliedOf(outcome.events, code ?? -1, redactor));
  };
  return {
    writeConfig: async request => writeConfig(await writer(), request),
    preview: (context, worker, wanted) => look(context, { kind: "preview", ...wanted }, worker),
    check: (context, wanted) => look(context, { kind: "check", ...wanted }),
    refresh: (context, wanted, worker) =>
      change(context, { kind: "refresh", runProgram: worker !== undefined, ...wanted }, worker),
    up(context, worker, { abandon, onSeen, ...wanted }) {
      const onPreviewed =
        onSeen && ((events: readonly EngineEvent[]) => onSeen(seenBy(events, context, worker)));
      const operation = { kind: "up", previews: onSeen !== undefined, ...wanted } as const;
      return change(context, operation, worker, { abandon, onPreviewed });
    },
    destroyPreview: context => look(context, { kind: "destroy-preview" }),
    destroy: context => change(context, { kind: "destroy" }),
  };
}
