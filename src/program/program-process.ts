/** One Node process that runs one program: started ahead of need, told what to run, ended with its children. */
import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { onLines } from "../process/lines.ts";
import type { Limits } from "../process/isolation/limits.ts";
import { killGroup } from "../process/run.ts";
import { EXIT_NO_BOX, endOfBox, startProcess, type Addresses, type StartOptions } from "./boxed-process.ts";
import { captureOutput } from "./captured-output.ts";
import { ENDED, ENOUGH, MORE, READY, REHEARSE, type RunMessage } from "./worker/run-message.ts";

/** How a program process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set where it could not be started at all. */
  readonly startError?: Error;
  /** Which limit of its box it came to, where anybody can tell. */
  readonly limit?: keyof Limits;
}

export type Stream = "stdout" | "stderr";

export interface ProgramProcess {
  readonly pid: number | undefined;
  readonly sdk: string;
  /** True when the SDK is loaded, false when the process ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<ProcessEnd>;
  alive(): boolean;
  /** Uses the time until it is known what it will run. False: more of it would bring nothing. */
  rehearse(): Promise<boolean>;
  /** To be called once, when it is known what it will run: the folders that the program may read. `run` waits for it. */
  settle(readable: readonly string[]): void;
  /** The engine's and the monitor's addresses as the program reaches them. */
  lead(addresses: Addresses | Promise<Addresses>): Promise<Addresses>;
  /** To be called once; resolves when the program has ended, if not yet the process. Output that came before belongs to no program and is not handed on. */
  run(message: RunMessage, onOutput: (stream: Stream, chunk: Buffer) => void): Promise<ProcessEnd>;
  output(): string;
  /** Ends the whole group. */
  stop(): Promise<void>;
}

export type ProcessOptions = StartOptions;

/** Where the box could not be made, it says why on stderr, and nothing of the program has run. */
function endOf(child: ChildProcess, boxed: boolean, output: () => string): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.once("error", startError => resolve({ code: null, signal: null, startError }));
  // "close", not "exit": by then all that it wrote has been read.
  child.once("close", (code, signal) => {
    if (!boxed || signal !== null) return resolve({ code, signal });
    const why = code === EXIT_NO_BOX ? `its box could not be made: ${output().trim()}` : undefined;
    resolve({ ...endOfBox(code), ...(why === undefined ? {} : { startError: new Error(why) }) });
  });
  return promise;
}

interface Words {
  readonly ready: Promise<boolean>;
  /** The exit code, when the program has ended and only the process is left. */
  readonly finished: Promise<ProcessEnd>;
  /** Its next answer to being asked for a rehearsal. */
  readonly rehearsed: () => Promise<boolean>;
}

/** What the process says on the control socket. */
function listen(child: ChildProcess, ended: Promise<ProcessEnd>): Words {
  const ready = Promise.withResolvers<boolean>();
  const finished = Promise.withResolvers<ProcessEnd>();
  let rehearsed = Promise.withResolvers<boolean>();
  const control = child.stdio[3];
  if (control instanceof Socket) {
    onLines(control, line => {
      const [word, code] = line.split(" ");
      if (word === READY) ready.resolve(true);
      if (word === MORE || word === ENOUGH) rehearsed.resolve(word === MORE);
      if (word === ENDED) afterOutput(() => finished.resolve({ code: Number(code), signal: null }));
    });
  }
  void ended.then(end => {
    ready.resolve(false);
    finished.resolve(end);
  });
  return {
    ready: ready.promise,
    finished: finished.promise,
    rehearsed() {
      rehearsed = Promise.withResolvers();
      return Promise.race([rehearsed.promise, ended.then(() => false)]);
    },
  };
}

/** What was written before is in the pipes, which hold 64 KiB each: one turn of the event loop reads all of that. */
const afterOutput = (then: () => void): void => void setImmediate(() => setImmediate(then));

export function startProgramProcess(options: ProcessOptions): ProgramProcess {
  const { child, settle, lead, reached } = startProcess(options);
  const captured = captureOutput();
  const ended = endOf(child, options.box !== undefined, () => captured.text());
  const { ready, finished, rehearsed } = listen(child, ended);
  let alive = true;
  let settled: Promise<boolean> = Promise.resolve(options.box === undefined);
  let listener: ((stream: Stream, chunk: Buffer) => void) | undefined;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => {
      captured.push(chunk);
      listener?.(stream, chunk);
    });
  }
  // Grandchildren may hold the pipes open: when the program is gone they go too, or "close" never comes.
  child.once("exit", () => {
    alive = false;
    if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
  });
  const tell = (line: string): void => void (child.stdio[3] as Writable).write(`${line}\n`);
  const stop = async (): Promise<void> => {
    if (alive && child.pid !== undefined) killGroup(child.pid, "SIGKILL");
    await ended;
  };
  return {
    pid: child.pid,
    sdk: options.sdk,
    ready,
    ended,
    alive: () => alive && child.pid !== undefined,
    async rehearse() {
      if (!(await ready)) return false;
      const answer = rehearsed();
      tell(REHEARSE);
      return answer;
    },
    settle(readable) {
      settled = ready.then(isReady => isReady && settle(readable));
    },
    lead,
    async run(message, onOutput) {
      if (!(await ready)) return ended;
      if (!(await settled)) {
        await stop();
        return { code: null, signal: null, startError: new Error("its box could not be given its folders") };
      }
      listener = onOutput;
      tell(JSON.stringify(message));
      const end = await finished;
      const limit = reached();
      return { ...end, ...(limit && { limit }) };
    },
    output: () => captured.text(),
    stop,
  };
}
