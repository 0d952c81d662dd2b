/** One Node process that runs one program: started ahead of need, told what to run, ended with its children. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { killGroup } from "../process/run.ts";
import { captureOutput } from "./captured-output.ts";
import { ENDED, READY, type BootOptions, type RunMessage } from "./worker/run-message.ts";

const BOOT = path.join(import.meta.dirname, "worker", "boot.ts");

/** How a program process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set where it could not be started at all. */
  readonly startError?: Error;
}

export type Stream = "stdout" | "stderr";

export interface ProgramProcess {
  readonly pid: number | undefined;
  readonly sdk: string;
  /** True when the SDK is loaded, false when the process ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<ProcessEnd>;
  alive(): boolean;
  /** To be called once; resolves when the program has ended, if not yet the process. Output that came before belongs to no program and is not handed on. */
  run(message: RunMessage, onOutput: (stream: Stream, chunk: Buffer) => void): Promise<ProcessEnd>;
  output(): string;
  /** Ends the whole group. */
  stop(): Promise<void>;
}

export interface ProcessOptions extends BootOptions {
  /** The whole environment until the run brings more. */
  readonly env: Readonly<Record<string, string>>;
  /** Node's own options, for example `--max-old-space-size=4096`. */
  readonly nodeArgs?: readonly string[];
  /** Where `nodeArgs` look for modules; default: an empty folder of ours. */
  readonly cwd?: string;
}

function start(options: ProcessOptions): ChildProcess {
  const boot: BootOptions = { sdk: options.sdk, holdfast: options.holdfast, cache: options.cache };
  const idle = path.join(options.cache, "idle");
  mkdirSync(idle, { recursive: true, mode: 0o700 });
  return spawn(process.execPath, [...(options.nodeArgs ?? []), BOOT, JSON.stringify(boot)], {
    cwd: options.cwd ?? idle,
    env: options.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.once("error", startError => resolve({ code: null, signal: null, startError }));
  // "close", not "exit": by then all that it wrote has been read.
  child.once("close", (code, signal) => resolve({ code, signal }));
  return promise;
}

interface Words {
  readonly ready: Promise<boolean>;
  /** The exit code, when the program has ended and only the process is left. */
  readonly finished: Promise<ProcessEnd>;
}

/** What the process says on the control socket. */
function listen(child: ChildProcess, ended: Promise<ProcessEnd>): Words {
  const ready = Promise.withResolvers<boolean>();
  const finished = Promise.withResolvers<ProcessEnd>();
  const control = child.stdio[3];
  if (control instanceof Socket) {
    createInterface({ input: control }).on("line", line => {
      const [word, code] = line.split(" ");
      if (word === READY) ready.resolve(true);
      if (word === ENDED) afterOutput(() => finished.resolve({ code: Number(code), signal: null }));
    });
    // The process may be gone while we talk to it; `ended` tells.
    control.on("error", () => undefined);
  }
  void ended.then(end => {
    ready.resolve(false);
    finished.resolve(end);
  });
  return { ready: ready.promise, finished: finished.promise };
}

/** What was written before is in the pipes, which hold 64 KiB each: one turn of the event loop reads all of that. */
const afterOutput = (then: () => void): void => void setImmediate(() => setImmediate(then));

export function startProgramProcess(options: ProcessOptions): ProgramProcess {
  const child = start(options);
  const ended = endOf(child);
  const { ready, finished } = listen(child, ended);
  const captured = captureOutput();
  let alive = true;
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
  return {
    pid: child.pid,
    sdk: options.sdk,
    ready,
    ended,
    alive: () => alive && child.pid !== undefined,
    async run(message, onOutput) {
      if (!(await ready)) return ended;
      listener = onOutput;
      (child.stdio[3] as Writable).write(`${JSON.stringify(message)}\n`);
      return finished;
    },
    output: () => captured.text(),
    async stop() {
      if (alive && child.pid !== undefined) killGroup(child.pid, "SIGKILL");
      await ended;
    },
  };
}
