/** One kept shell: a child process whose stdin takes scripts. It runs one script at a time. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { killGroup } from "../../process/signal.ts";
import { done, trouble, type Outcome } from "../outcome.ts";
import { createFrameReader, encodeFrame, type FrameReader } from "./shell-loop.ts";

export interface ShellCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface ShellScript {
  readonly script: string;
  /** The script's standard input. */
  readonly body?: Buffer;
  /** Of stdout; more ends the shell. */
  readonly maxOutput: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface ShellAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RemoteShell {
  /** Trouble always means that the shell is dead, and that nobody knows how far the script came. */
  run(script: ShellScript): Promise<Outcome<ShellAnswer>>;
  isAlive(): boolean;
  /** The last lines that it wrote to stderr outside of any script: why a connection could not be made. */
  lastWords(): string;
  kill(): void;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
}

/** Errors are short; what a tool pours out beyond this helps nobody. */
const MAX_STDERR = 64 * 1024;
const MAX_LAST_WORDS = 4 * 1024;

interface Running {
  readonly stdout: FrameReader;
  readonly stderr: FrameReader;
  finish(outcome: Outcome<ShellAnswer>): void;
}

/** Answers once both streams have brought their marks. */
function check(running: Running): void {
  const out = running.stdout.taken();
  const err = running.stderr.taken();
  if (!out || !err) return;
  const stderr = err.bytes.toString("utf8").trim();
  running.finish(done({ code: Number.parseInt(out.rest, 10), stdout: out.bytes, stderr }));
}

function start(command: ShellCommand): ChildProcessWithoutNullStreams {
  // A group of its own: a Ctrl-C at the terminal must not cut a write in two.
  const { program, args, env, cwd } = command;
  return spawn(program, args, { cwd, env, detached: true, stdio: "pipe" });
}

export function openShell(command: ShellCommand): RemoteShell {
  const child = start(command);
  const { promise: ended, resolve: hasEnded } = Promise.withResolvers<void>();
  let alive = true;
  let lastWords = "";
  let running: Running | undefined;

  function die(why: string): void {
    alive = false;
    running?.finish(trouble("failed", why));
    hasEnded();
  }
  child.once("error", error => die(`${command.program} could not be started: ${error.message}`));
  child.once("close", () =>
    die("the connection was lost in the middle of a step; how far it came is not known"),
  );
  // A broken pipe is followed by `close`, which tells.
  child.stdin.on("error", () => undefined);
  child.stdout.on("data", (chunk: Buffer) => {
    if (!running) return;
    if (running.stdout.push(chunk)) return check(running);
    running.finish(trouble("failed", "the host sent more output than is allowed; the shell was closed"));
    kill();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString("utf8")).slice(-MAX_LAST_WORDS);
    if (!running) return;
    if (running.stderr.push(chunk)) return check(running);
    running.finish(
      trouble("failed", "the host sent more error output than is allowed; the shell was closed"),
    );
    kill();
  });

  function kill(): void {
    alive = false;
    // The group: a script that runs in a subshell would live on, and keep the pipes open.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      killGroup(child.pid, "SIGKILL");
  }

  function run({ script, body, maxOutput, deadlineMs, signal }: ShellScript): Promise<Outcome<ShellAnswer>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<ShellAnswer>>();
    if (!alive) return Promise.resolve(trouble("failed", "the shell is closed"));
    const mark = randomBytes(16).toString("hex");
    const stop = (kind: "timed-out" | "cancelled", why: string): void => {
      running?.finish(trouble(kind, why));
      kill();
    };
    const onAbort = (): void =>
      stop("cancelled", "cancelled in the middle of a step; how far it came is not known");
    const seconds = Math.round(deadlineMs / 100) / 10;
    const timer = setTimeout(
      () => stop("timed-out", `no answer within ${seconds} s; the shell was closed`),
      deadlineMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    running = {
      stdout: createFrameReader(mark, maxOutput),
      stderr: createFrameReader(mark, MAX_STDERR),
      finish(outcome) {
        running = undefined;
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        resolve(outcome);
      },
    };
    child.stdin.write(encodeFrame({ mark, script, body: body ?? Buffer.alloc(0) }));
    return promise;
  }

  return { run, kill, ended, isAlive: () => alive, lastWords: () => lastWords.trim() };
}
