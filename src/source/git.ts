/** The real git CLI: every call goes through here, with the chosen environment and a deadline. */
import { run, type RunOptions, type RunResult } from "../process/run.ts";

export type GitOptions = Partial<Pick<RunOptions, "signal" | "input" | "maxOutput" | "onOutput" | "onStart">>;
export type Git = (args: readonly string[], options?: GitOptions) => Promise<RunResult>;

/** git in this environment. What comes from outside goes behind `--end-of-options` in `args`. */
export function createGit(env: Readonly<Record<string, string>>, deadlineMs: number): Git {
  return (args, options = {}) => run("git", args, { ...options, env, deadlineMs, cwd: "/" });
}

/** A local call whose failing is no expected answer: git is missing, was killed, or took too long. */
export function broken(what: string, result: RunResult): Error {
  const { code, signal, timedOut, startError } = result;
  const how = startError?.message ?? (timedOut ? "took too long" : (signal ?? `exit code ${String(code)}`));
  return new Error(`git ${what} could not be run: ${how}`, { cause: { timedOut } });
}

/** Whether `broken` made this of a call that its deadline ended. */
export const isTimeout = (error: unknown): error is Error =>
  error instanceof Error &&
  typeof error.cause === "object" &&
  error.cause !== null &&
  "timedOut" in error.cause &&
  error.cause.timedOut === true;

/** The call came to an end of its own, with whatever exit code. */
export const ended = (result: RunResult): boolean => result.code !== null && !result.timedOut;
