/**
 * Child processes: a chosen environment, a deadline, an output cap, no shell, and a process group of their own
 * that is ended whole.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { climb, type StopStep } from "./ladder.ts";
import { killGroup } from "./signal.ts";

export { killGroup };

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds, after which the process is ended as `ladder` says. */
  readonly deadlineMs: number;
  /** Default 2000. */
  readonly graceMs?: number;
  /** How it is asked to end, on abort and at the deadline. Default: SIGTERM to the group, SIGKILL `graceMs` later. */
  readonly ladder?: readonly StopStep[];
  /** Bytes kept of each stream; the rest is read and dropped. Default 8 MiB. */
  readonly maxOutput?: number;
  readonly signal?: AbortSignal;
  /** Called with the pid once the process is there. */
  readonly onStart?: (pid: number) => void;
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Buffer) => void;
}

export interface RunResult {
  /** Exit code; null where a signal ended it or it never started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  /** Output was longer than `maxOutput`. */
  readonly truncated: boolean;
  /** The process could not be started (ENOENT, EACCES, E2BIG …). */
  readonly startError?: NodeJS.ErrnoException;
}

/** 8 MiB: more than any tool that we call says in earnest, little enough to keep for each of a few. */
export const MAX_OUTPUT = 8 * 1024 * 1024;
const GRACE_MS = 2000;

const defaultLadder = (graceMs: number): readonly StopStep[] => [
  { signal: "SIGTERM", afterMs: 0, to: "group" },
  { signal: "SIGKILL", afterMs: graceMs, to: "group" },
];

function collector(max: number): { push(chunk: Buffer): void; bytes(): Buffer; truncated(): boolean } {
  const chunks: Buffer[] = [];
  let size = 0;
  let truncated = false;
  return {
    push(chunk) {
      const room = max - size;
      if (chunk.length > room) truncated = true;
      if (room <= 0) return;
      const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
      chunks.push(kept);
      size += kept.length;
    },
    bytes: () => Buffer.concat(chunks),
    truncated: () => truncated,
  };
}

function feed(child: ChildProcess, input: string | Uint8Array | undefined): void {
  const stdin = child.stdin;
  if (!stdin) return;
  // A process that does not read its input is its own affair; its exit code tells.
  stdin.on("error", () => undefined);
  stdin.end(input);
}

/** Runs a program to its end. Never rejects: what went wrong is in the result. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { promise, resolve } = Promise.withResolvers<RunResult>();
  const max = options.maxOutput ?? MAX_OUTPUT;
  const out = collector(max);
  const err = collector(max);
  let timedOut = false;
  let aborted = false;
  let startError: NodeJS.ErrnoException | undefined;
  const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
    const truncated = out.truncated() || err.truncated();
    const seen = { code, signal, stdout: out.bytes(), stderr: err.bytes(), timedOut, aborted, truncated };
    resolve(startError ? { ...seen, startError } : seen);
  };
  if (options.signal?.aborted) {
    aborted = true;
    finish(null, null);
    return promise;
  }
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, detached: true, stdio: "pipe" });
  let stopClimbing: (() => void) | undefined;
  const end = (): void => {
    if (child.pid === undefined) return;
    stopClimbing ??= climb(child.pid, options.ladder ?? defaultLadder(options.graceMs ?? GRACE_MS));
  };
  const onAbort = (): void => {
    aborted = true;
    end();
  };
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const deadline = setTimeout(() => {
    timedOut = true;
    end();
  }, options.deadlineMs);
  child.stdout.on("data", (chunk: Buffer) => {
    out.push(chunk);
    options.onOutput?.("stdout", chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err.push(chunk);
    options.onOutput?.("stderr", chunk);
  });
  child.once("error", error => {
    startError = error;
    if (child.pid === undefined) finish(null, null);
  });
  child.once("close", (code, signal) => {
    clearTimeout(deadline);
    stopClimbing?.();
    options.signal?.removeEventListener("abort", onAbort);
    finish(code, signal);
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  feed(child, options.input);
  return promise;
}
