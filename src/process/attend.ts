/** A program in the foreground: it has our terminal, gets our signals from it, and its exit code becomes ours. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface AttendOptions {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** 127 where it could not be started; 128 + N where signal N ended it, as a shell says it. */
export function attend(command: string, args: readonly string[], options: AttendOptions): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: "inherit" });
  // The terminal sends Ctrl-C to the whole group: the program decides what becomes of it. Others are passed on.
  const handlers = SIGNALS.map(signal => {
    const handle = (): void => void (signal === "SIGINT" ? undefined : child.kill(signal));
    process.on(signal, handle);
    return [signal, handle] as const;
  });
  const done = (code: number): void => {
    for (const [signal, handle] of handlers) process.off(signal, handle);
    resolve(code);
  };
  child.once("error", () => done(127));
  child.once("exit", (code, signal) => done(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  return promise;
}
