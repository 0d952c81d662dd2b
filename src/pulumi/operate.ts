/** Runs the CLI once, to its end, and hands back what it said. */
import type { DynamicProviders, ServedProviders } from "../engine/ports/program.ts";
import type { OperationContext, StepProgress } from "../engine/ports/pulumi.ts";
import type { StopStep } from "../process/ladder.ts";
import { run, type RunResult } from "../process/run.ts";
import { endSession, processStartTime } from "../process/session.ts";
import { argumentsOf, type Operation } from "./arguments.ts";
import { watchBrokenChain } from "./broken-chain.ts";
import { environmentOf } from "./environment.ts";
import type { EngineEvent } from "./engine-event.ts";
import { eventBuffer } from "./event-buffer.ts";
import { openEventStream } from "./event-stream.ts";
import { openOperationFolder, type OperationFolder } from "./home.ts";

export interface LiveCli {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat; "" where there is no /proc. */
  readonly startTime: string;
  readonly runId: string;
  /** For people: `pulumi up hosts/frodo`. */
  readonly what: string;
}

export interface CliSettings {
  /** Absolute path of the Pulumi CLI, 3.259.0. */
  readonly binary: string;
  readonly home: string;
  readonly runDir: string;
  readonly path: readonly string[];
  readonly base: Readonly<Record<string, string>>;
  /** Where programs have boxes; default: the CLI starts their dynamic providers as itself. */
  readonly dynamicProviders: DynamicProviders | undefined;
  readonly stopMs: StopTimes;
  readonly onProcess: ((cli: LiveCli) => void) | undefined;
  readonly onProcessEnded: ((pid: number) => void) | undefined;
}

export interface StopTimes {
  /** How long the step under way may take to finish after the first SIGINT. */
  readonly graceful: number;
  /** How long the CLI may take to end after the second one. */
  readonly terminate: number;
}

export interface CliOutcome {
  readonly result: RunResult;
  /** Of the operation itself: none where its own preview failed. */
  readonly events: readonly EngineEvent[];
  /** Of its own preview, where it has one. */
  readonly previewed: readonly EngineEvent[];
}

/** 1 MiB: the CLI's display is not read but for its last lines, on a failure. */
const MAX_DISPLAY = 1024 * 1024;
/** How long a stream that a dead CLI left behind may take to be seen closed. */
const STREAM_END_MS = 2000;

/** The CLI's own ways (backend/cancellation_scope.go): the first signal cancels gently, the second terminates. */
export const cliLadder = ({ graceful, terminate }: StopTimes): readonly StopStep[] => [
  { signal: "SIGINT", afterMs: 0, to: "leader" },
  { signal: "SIGTERM", afterMs: graceful, to: "leader" },
  { signal: "SIGKILL", afterMs: terminate, to: "session" },
];

function within(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const previews = (operation: Operation): boolean => operation.kind === "up" && operation.previews === true;

function spawnCli(
  settings: CliSettings,
  context: OperationContext,
  operation: Operation,
  env: Record<string, string>,
  events: string,
  { abandon, started: tell }: { abandon: AbortSignal | undefined; started: (pid: number) => void },
): Promise<RunResult> {
  const stack = `${context.state.organization}/${context.stack.project}/${context.stack.stack}`;
  const args = argumentsOf(operation, { stack, configFile: context.configFile, events });
  const what = `pulumi ${operation.kind} ${context.stack.name}`;
  let pid: number | undefined;
  const kill = (): void => {
    if (pid !== undefined) endSession(pid, "SIGKILL");
  };
  return run(settings.binary, args, {
    cwd: context.program.folder,
    env,
    // A preview of its own has as long as the up, and is watched by whoever waits for it.
    deadlineMs: previews(operation) ? 2 * context.deadlineMs : context.deadlineMs,
    ladder: cliLadder(settings.stopMs),
    maxOutput: MAX_DISPLAY,
    signal: context.signal,
    onStart: started => {
      pid = started;
      tell(started);
      const startTime = processStartTime(started) ?? "";
      settings.onProcess?.({ pid: started, startTime, runId: context.runId, what });
      if (abandon?.aborted) kill();
      abandon?.addEventListener("abort", kill, { once: true });
    },
  }).then(result => {
    abandon?.removeEventListener("abort", kill);
    if (pid === undefined) return result;
    // A CLI that was killed leaves its plugins behind, each in a process group of its own.
    if (result.code !== 0) endSession(pid, "SIGKILL");
    settings.onProcessEnded?.(pid);
    return result;
  });
}

export interface OperateOptions {
  /** Of the worker that runs the program; without one the operation has none. */
  readonly workerPort?: number | undefined;
  /** Kills the CLI and its session at once. */
  readonly abandon?: AbortSignal | undefined;
  /** Of an up with a preview of its own: called with what that had to say, when it has succeeded. */
  readonly onPreviewed?: ((events: readonly EngineEvent[]) => void) | undefined;
}

/** Other languages have no boxes, and start their dynamic providers in their own ways. */
async function serveProviders(
  { dynamicProviders }: CliSettings,
  { program, env, stack }: OperationContext,
  socket: string,
): Promise<ServedProviders | undefined> {
  return stack.runtime === "nodejs" ? dynamicProviders?.serve({ program, env, socket }) : undefined;
}

async function operateIn(
  folder: OperationFolder,
  settings: CliSettings,
  context: OperationContext,
  operation: Operation,
  { workerPort, abandon, onPreviewed }: OperateOptions,
): Promise<CliOutcome> {
  const chain = watchBrokenChain();
  const onStep = (step: StepProgress): void => {
    chain.saw(step);
    context.onProgress?.(step);
  };
  const preview = eventBuffer({ onStep, onSucceeded: onPreviewed });
  const buffer = eventBuffer({ onStep });
  const inOrder = onPreviewed ? [preview, buffer] : [buffer];
  const stream = await openEventStream(folder.socket, ...inOrder.map(one => (json: string) => one.add(json)));
  let served: ServedProviders | undefined;
  try {
    served = await serveProviders(settings, context, folder.providers);
    const { home, path: folders, base } = settings;
    const { credentials } = folder;
    const { runtime } = context.stack;
    const place = { home, credentials, path: folders, base };
    const env = environmentOf({ context, workerPort, runtime, ...place, dynamicProviders: served });
    const started = (pid: number): void => chain.started(pid);
    const result = await spawnCli(settings, context, operation, env, stream.address, { abandon, started });
    if (stream.opened()) await within(STREAM_END_MS, stream.ended);
    return { result, events: buffer.events, previewed: preview.events };
  } finally {
    chain.stop();
    await Promise.all([stream.close(), served?.close()]);
  }
}

/** One operation. Rejects only on our own faults (no tmpfs folder, no socket). */
export async function operate(
  settings: CliSettings,
  context: OperationContext,
  operation: Operation,
  options: OperateOptions = {},
): Promise<CliOutcome> {
  const folder = await openOperationFolder(settings.runDir);
  try {
    return await operateIn(folder, settings, context, operation, options);
  } finally {
    await folder.remove();
  }
}
