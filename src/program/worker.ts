/** One worker: the port that the CLI attaches to, and the processes that run the program when it says so. */
import type language from "@pulumi/pulumi/proto/language_pb.js";
import type { PreparedProgram, Worker } from "../engine/ports/program.ts";
import { beginEarly, type EarlyRun } from "./early-run.ts";
import { openEngineLog } from "./engine-log.ts";
import { serveLanguage, type RunOutcome } from "./language-service.ts";
import type { ProcessEnd, ProgramProcess, Stream } from "./program-process.ts";
import { requiredPackages } from "./required-packages.ts";
import {
  programFolderOf,
  reached,
  readRuntimeOptions,
  runtimeOptionsOf,
  toRunMessage,
} from "./run-request.ts";
import { EXIT_ALREADY_TOLD, EXIT_TOO_EARLY, EXIT_UNSETTLED, type RunMessage } from "./worker/run-message.ts";

export interface FreshProcess {
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface WorkerParts {
  readonly program: PreparedProgram;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly debug: boolean;
  /** A process from those that wait, or a new one. */
  readonly next: () => ProgramProcess;
  /** A new one with Node options and names that count from its start. */
  readonly fresh: (own: FreshProcess) => ProgramProcess;
  /** What the CLI will most likely ask for, by the number of the Run: asked when the one before has ended. It is begun at once. */
  readonly expected: (run: number) => RunMessage | undefined;
  /** It asked for this, and a waiting process runs it. */
  readonly onAsked: (message: RunMessage) => void;
  readonly onStopped: () => void;
}

/** Names that Node, the SDK, gRPC or tracing read when they are loaded: too late for a process that has loaded them. */
const READ_AT_START = /^(NODE_|PULUMI_|GRPC_|OTEL_|TRACEPARENT$|TZ$|LD_|UV_)/;

export const needsFreshProcess = (
  nodeArgs: readonly string[],
  env: Readonly<Record<string, string>>,
): boolean => nodeArgs.length > 0 || Object.keys(env).some(name => READ_AT_START.test(name));

/** What cannot be told apart from a good end by its exit code alone. */
const FALSE_ENDS: Readonly<Record<number, string>> = {
  [EXIT_TOO_EARLY]:
    "the program called process.exit(0) before it had come to its end: what it had not declared yet would be deleted; let it end by itself",
  [EXIT_UNSETTLED]:
    "the program ended while promises that resources or outputs wait for had not settled: what depends on them was not declared and would be deleted; see its messages",
};

/** As the language host words it. */
export function outcomeOf(end: ProcessEnd): RunOutcome {
  const failed = (error: string): RunOutcome => ({ error, bail: false });
  if (end.startError) return failed(`the program could not be started: ${end.startError.message}`);
  if (end.limit && end.code !== 0) return failed(`the program came to its limit of ${end.limit}`);
  if (end.code === null) return failed(`the program was ended by ${end.signal ?? "an unknown signal"}`);
  if (end.code === EXIT_ALREADY_TOLD) return { error: "", bail: true };
  if (end.code === 0) return { error: "", bail: false };
  return failed(FALSE_ENDS[end.code] ?? `Program exited with non-zero exit code: ${end.code}`);
}

/** A process that nobody has asked to run anything yet. */
interface Waiting {
  readonly process: ProgramProcess;
  readonly early?: EarlyRun;
}

function prepare(
  process: ProgramProcess,
  expected: RunMessage | undefined,
  env: WorkerParts["env"],
): Waiting {
  return expected && !needsFreshProcess([], env)
    ? { process, early: beginEarly(process, expected) }
    : { process };
}

/** Starts to listen and claims a process. Each Run of the CLI has a process of its own, so a command may run the program twice. */
export async function openWorker(parts: WorkerParts): Promise<Worker> {
  const { program, env } = parts;
  let waiting: Waiting | undefined = prepare(parts.next(), parts.expected(0), env);
  let current = waiting.process;
  let runs = 0;
  let stopped = false;
  let written = "";

  /** `own`: where it needs a process of its own. */
  const processFor = (own: FreshProcess | undefined): ProgramProcess => {
    const { process, early } = waiting ?? {};
    if (process && !early && process.alive() && !own) return process;
    void process?.stop();
    return own ? parts.fresh(own) : parts.next();
  };

  /** Where another one is foreseen: the CLI needs a moment until it asks. */
  const prepareNext = (): void => {
    const expected = stopped || needsFreshProcess([], env) ? undefined : parts.expected(runs);
    if (expected) waiting = prepare(parts.next(), expected, env);
  };

  const run = async (request: language.RunRequest, engineAddress: string): Promise<RunOutcome> => {
    const message = toRunMessage(request, { sdk: program.sdk, env, debug: parts.debug });
    const addresses = { engine: engineAddress, monitor: request.getMonitorAddress() };
    const { nodeArgs } = readRuntimeOptions(runtimeOptionsOf(request));
    const own = needsFreshProcess(nodeArgs, env)
      ? { nodeArgs, env, cwd: programFolderOf(request) }
      : undefined;
    const begun = own || !waiting?.early?.fits(message) ? undefined : waiting;
    if (runs > 0) written += current.output();
    current = begun ? begun.process : processFor(own);
    waiting = undefined;
    runs += 1;
    if (!own) parts.onAsked(message);
    const log = openEngineLog(engineAddress);
    const hear = (stream: Stream, chunk: Buffer): void => log.write(stream, chunk);
    const end = begun?.early
      ? await begun.early.meet(addresses, hear)
      : await current.run(reached(message, await current.lead(addresses)), hear);
    if (end.code === 0) prepareNext();
    await log.close();
    return outcomeOf(end);
  };

  const service = await serveLanguage({
    run,
    abandon: () => void current.stop(),
    requiredPackages: () => requiredPackages(program.folder),
  });
  const stop = async (): Promise<void> => {
    stopped = true;
    parts.onStopped();
    service.close();
    await Promise.all([current.stop(), waiting?.process.stop()]);
  };
  return {
    port: service.port,
    get pid() {
      return current.pid ?? 0;
    },
    output: () => parts.redact(written + current.output()),
    stop: () => stop(),
  };
}
