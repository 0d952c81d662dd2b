/** A program that has the terminal, such as an editor: no deadline, no capture, the caller's process group. */
import { spawn } from "node:child_process";

export interface InteractiveResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError?: NodeJS.ErrnoException;
}

/** Runs it to its end; an abort ends it with SIGTERM. Never rejects. */
export function runInteractive(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<InteractiveResult> {
  const { promise, resolve } = Promise.withResolvers<InteractiveResult>();
  if (options.signal.aborted) {
    resolve({ code: null, signal: "SIGTERM" });
    return promise;
  }
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: "inherit" });
  const end = (): void => void child.kill("SIGTERM");
  options.signal.addEventListener("abort", end, { once: true });
  const finish = (result: InteractiveResult): void => {
    options.signal.removeEventListener("abort", end);
    resolve(result);
  };
  child.once("error", startError => {
    if (child.pid === undefined) finish({ code: null, signal: null, startError });
  });
  child.once("exit", (code, signal) => finish({ code, signal }));
  return promise;
}
