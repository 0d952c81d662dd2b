/** What the pool tells a program process; one JSON line each, over the process's file descriptor 3. */

/** Given when the process starts, as its only argument. */
export interface BootOptions {
  /** Folder of the copy of `@pulumi/pulumi` to load ahead of need. */
  readonly sdk: string;
  /** holdfast's own package folder: `holdfast/…` imports and bundled packages come from here. */
  readonly holdfast: string;
  /** Folder for compiled code, kept between processes. Where the process is in a box, it may be written until `ready`. */
  readonly cache: string;
  /** Folder for transpiled TypeScript. */
  readonly transpiled: string;
  /** In a box: the folder of the sockets that are its network. */
  readonly door?: string;
}

/** Says what to run. Sent once. */
export interface RunMessage {
  readonly sdk: string;
  /** Absolute folder to work in. */
  readonly pwd: string;
  /** Names that the process did not have while it waited. */
  readonly env: Readonly<Record<string, string>>;
  /** What the SDK's `cmd/run` gets behind its own name. */
  readonly args: readonly string[];
  /** False: files run as plain Node runs them. */
  readonly typescript: boolean;
  /** Whether messages of severity debug, the SDK's own among them, go to the engine. */
  readonly debug: boolean;
  /** The project's tsconfig, relative to `pwd`. */
  readonly tsconfig?: string;
}

/** First line of the process: the SDK is loaded. */
export const READY = "ready";
/** Asks a process that waits to use the time; instead of a run message, and as often as it is answered with `MORE`. */
export const REHEARSE = "rehearse";
/** Answers: further rehearsals would make its run quicker, or not. */
export const MORE = "more";
export const ENOUGH = "enough";
/** Last line, followed by a blank and the exit code: all that the process still does is to take itself apart. */
export const ENDED = "ended";

/** Exit code of the SDK's `cmd/run` after it has told the engine what is wrong (cmd/run/index.ts). */
export const EXIT_ALREADY_TOLD = 32;
/** Our own: the program called process.exit(0) before it had come to its end. */
export const EXIT_TOO_EARLY = 33;
/** Our own: promises that resources wait for never settled. */
export const EXIT_UNSETTLED = 34;
