/** What the demo's steps play on: a repository, a daemon, two hosts. */
import type { Control, Overview } from "../engine/ports/control.ts";

/** Ends the story: what was looked for, and what was there instead. Not a bug of the demo. */
export class StepFailed extends Error {}
/** Ctrl-C. */
export class Stopped extends Error {}

/** A commit that the daemon has been told of. */
export interface Pushed {
  readonly sha: string;
  /** When the push had ended, by performance.now(). */
  readonly at: number;
}

export type Edit = (text: string) => string;

export interface DemoRepository {
  /** Absolute folder of the bare repository. */
  readonly bare: string;
  /** Files and what becomes of their text; a file that is not there yet has the text "". Commits, pushes, calls the hook. */
  commit(subject: string, edits: Readonly<Record<string, Edit>>): Promise<Pushed>;
  /** `git revert` of the newest commit, pushed. */
  revert(): Promise<Pushed>;
  /** Takes in what others pushed; answers the newest commit. */
  pull(): Promise<string>;
}

export interface DemoDaemon {
  /** Starts it and waits until it answers. */
  start(): Promise<void>;
  /** kill -9, of the daemon alone; its helpers are left to themselves. Answers how many there were. */
  kill(): Promise<number>;
  /** Which of the killed daemon's helpers are still there: pid and command. */
  leftovers(): readonly string[];
  /** Undefined while nobody answers. */
  control(): Promise<Control | undefined>;
}

export interface Stage {
  /** Everything is in here. */
  readonly folder: string;
  readonly repository: DemoRepository;
  readonly daemon: DemoDaemon;
  /** Absolute folder: a host's file system, or what stands for it. */
  host(name: string): string;
  /** What of a host's file system is looked at: paths relative to its root. */
  readonly places: readonly string[];
  /** What a visitor of a host gets; undefined: it is a folder. */
  visit(name: string): Promise<string | undefined>;
  /** One indented line, or several. */
  say(text: string): void;
  /** Shows a command, runs it for real, shows what it prints. Answers its exit code. */
  holdfast(...args: readonly string[]): Promise<number>;
  /** Looks again and again; a StepFailed when nothing happens any more. */
  until<T>(what: string, look: () => Promise<T | undefined>): Promise<T>;
  overview(): Promise<Overview | undefined>;
}

/** One part of the story. */
export interface Step {
  readonly title: string;
  /** Answers what was verified, in a line. Throws StepFailed. */
  play(stage: Stage): Promise<string>;
}

export const HOSTS = ["frodo", "camelot"] as const;
export const stackOf = (host: string): string => `hosts/${host}`;

export function expect(right: boolean, what: string): void {
  if (!right) throw new StepFailed(what);
}

/** `1.3 s` since a performance.now(). */
export const secondsSince = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
