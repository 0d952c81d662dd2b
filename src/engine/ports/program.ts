/** Programs: their dependencies, and the processes that run them. */
import type { Result } from "../failure.ts";
import type { StackDefinition, StackName } from "./stack.ts";

/** A project whose dependencies are in place. */
export interface PreparedProgram {
  /** Absolute folder of the Pulumi.yaml. */
  readonly folder: string;
  /** Absolute folder of the copy of `@pulumi/pulumi` that the program resolves. */
  readonly sdk: string;
  /** Absolute folders that an isolated program may read: its checkout and its packages. Default: `folder`. */
  readonly readable?: readonly string[];
  /** Absolute folders that belong in front of the CLI's PATH: dynamic providers are started by a script in the SDK, with `node`. */
  readonly pathEntries: readonly string[];
  /** Names of the providers, other than holdfast's, that the project's own dependencies bring. */
  readonly plugins: readonly string[];
  /** What the program is told in its environment, besides the stack's own. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramInstaller {
  /**
   * Installs once per lockfile, links per checkout. `allowScripts`: packages whose install scripts may run, default
   * none. Failures: install-failed, config-invalid, disk, shutting-down.
   */
  prepare(
    root: string,
    stack: StackDefinition,
    signal: AbortSignal,
    options?: { readonly allowScripts?: readonly string[] },
  ): Promise<Result<PreparedProgram>>;
}

/** Code of a program that the CLI starts by itself: in boxes, where programs have some. */
export interface DynamicProviders {
  /** For one operation of the CLI. Rejects where `socket` cannot be listened at. */
  serve(operation: {
    readonly program: PreparedProgram;
    /** The stack's own. */
    readonly env: Readonly<Record<string, string>>;
    /** Absolute path, in a folder that nobody else can enter. */
    readonly socket: string;
  }): Promise<ServedProviders>;
}

export interface ServedProviders {
  /** Absolute folder that belongs in front of everything else in the CLI's PATH. */
  readonly path: string;
  /** What the CLI needs besides. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends those that are left. */
  close(): Promise<void>;
}

/** A process that will run a program once. */
export interface Worker {
  /** Of its LanguageRuntime service on 127.0.0.1. Each Run that comes there has a process of its own. */
  readonly port: number;
  /** Of the process (and its group) that runs the program, or will; 0 where it could not be started. */
  readonly pid: number;
  /** What the program wrote, redacted and capped; grows while it runs. */
  output(): string;
  /** Ends the process and its children. Safe to call twice. */
  stop(): Promise<void>;
}

/** A run of a program that is about to be asked for. */
export interface Foreseen {
  readonly stack: StackName;
  /** Of its configuration. */
  readonly configHash: string;
  readonly dryRun: boolean;
}

export interface WorkerPool {
  /**
   * A worker for one operation; started ahead of need where `sdk` was seen before. With `soon`, what the CLI will ask for
   * within seconds, one after the other, the program may be brought up to its first line meanwhile. Failures:
   * process-died, timed-out.
   */
  take(
    program: PreparedProgram,
    env: Readonly<Record<string, string>>,
    soon?: readonly Foreseen[],
  ): Promise<Result<Worker>>;
  /** Starts workers ahead of need for these SDK folders, and lets others go. */
  warm(sdks: readonly string[]): void;
  close(): Promise<void>;
}
