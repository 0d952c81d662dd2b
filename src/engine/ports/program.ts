/** Programs: their dependencies, and the processes that run them. */
import type { Result } from "../failure.ts";
import type { StackDefinition } from "./stack.ts";

/** A project whose dependencies are in place. */
export interface PreparedProgram {
  /** Absolute folder of the Pulumi.yaml. */
  readonly folder: string;
  /** Absolute folder of the copy of `@pulumi/pulumi` that the program resolves. */
  readonly sdk: string;
}

export interface ProgramInstaller {
  /** Installs once per lockfile, links per checkout. Failures: install-failed, config-invalid. */
  prepare(root: string, stack: StackDefinition, signal: AbortSignal): Promise<Result<PreparedProgram>>;
}

/** A process that will run a program once. */
export interface Worker {
  /** Of its LanguageRuntime service on 127.0.0.1. */
  readonly port: number;
  readonly pid: number;
  /** What the program wrote, redacted and capped; grows while it runs. */
  output(): string;
  /** Ends the process and its children. Safe to call twice. */
  stop(): Promise<void>;
}

export interface WorkerPool {
  /** A worker for one run; started ahead of need where `sdk` was seen before. Failures: process-died, timed-out. */
  take(program: PreparedProgram, env: Readonly<Record<string, string>>): Promise<Result<Worker>>;
  /** Starts workers ahead of need for these SDK folders, and lets others go. */
  warm(sdks: readonly string[]): void;
  close(): Promise<void>;
}
