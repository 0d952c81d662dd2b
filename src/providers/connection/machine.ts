/** A host as the families see it: its files, and what its shell can do. The same for a local folder and for a remote shell. */
import type { Outcome } from "../outcome.ts";
import type { Answers, Question } from "./questions.ts";

/** What to set; what is undefined is left as it is (a new entry gets the given defaults). */
export interface Attributes {
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  /** Name or number. */
  readonly owner?: string;
  readonly group?: string;
}

/** How a file is put in place. Undefined attributes are taken from the file that is replaced. */
export interface Writing extends Attributes {
  /** Of a file that was not there. */
  readonly newMode: number;
  /**
   * A shell command that must end with 0 before the new file takes its place; `%s` in it is the new file's path. Where
   * it does not, the old file stays. Passed over without a `system`.
   */
  readonly validate?: string;
}

/** What a file was made from: the checksum of the content that was read; undefined: there was no file. */
export interface Exchange extends Writing {
  readonly was: string | undefined;
}

export interface Entry {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly mode: number;
  /** Name, or the number where it has none. */
  readonly owner: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

export interface FileEntry extends Entry {
  /** Of a regular file no longer than asked for. */
  readonly content?: Buffer;
}

/** For a POSIX shell. What it needs and what it must not say aloud travels as its standard input. */
export interface HostScript {
  readonly script: string;
  readonly body?: Buffer;
  /** Default: that of the connection's calls. */
  readonly deadlineMs?: number;
  /** Of its standard output; more ends it. Default 64 KiB. */
  readonly maxOutput?: number;
}

export interface HostAnswer {
  readonly code: number;
  readonly stdout: string;
  /** Without spaces around it. */
  readonly stderr: string;
}

/**
 * Paths are absolute and normalised. A final symlink is never followed; symlinks on the way are, but never out of a
 * local root. Every call has a deadline of its own.
 */
export interface Machine {
  readonly name: string;
  /** False: a folder that stands for a host. It has files only: no packages, users or units, and no shell. */
  readonly system: boolean;
  /** Looks at many things in one go, also with those that others ask for at the same time. */
  ask(questions: readonly Question[], signal: AbortSignal): Promise<Outcome<Answers>>;
  /** Any exit code is an answer. Without a `system`: refused. */
  run(script: HostScript, signal: AbortSignal): Promise<Outcome<HostAnswer>>;
  /** Undefined: nothing is there. */
  read(path: string, maxBytes: number, signal: AbortSignal): Promise<Outcome<FileEntry | undefined>>;
  /** Puts content in place as a whole or not at all; missing folders above are made. */
  write(path: string, content: Buffer, writing: Writing, signal: AbortSignal): Promise<Outcome<void>>;
  /**
   * The same for a file that others write too, under a lock on its folder. False: it does not hold any more what the
   * new content was made from, and stays as it is.
   */
  exchange(path: string, content: Buffer, exchange: Exchange, signal: AbortSignal): Promise<Outcome<boolean>>;
  /** A symlink that is there is replaced as a whole, anything else stays and is trouble. */
  makeSymlink(path: string, target: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** Makes a folder and what is missing above it; one that is there is fine. */
  makeDirectory(path: string, mode: number, signal: AbortSignal): Promise<Outcome<void>>;
  setAttributes(path: string, attributes: Attributes, signal: AbortSignal): Promise<Outcome<void>>;
  /** What is gone already is fine. */
  removeFile(path: string, signal: AbortSignal): Promise<Outcome<void>>;
  /** Removes an empty folder; answers false where it holds something and stays. */
  removeDirectory(path: string, signal: AbortSignal): Promise<Outcome<boolean>>;
  /**
   * Removes what lies in a folder, by its path from there, with all that is in it. No symlink is followed and no other
   * file system entered. What is gone already is fine.
   */
  removeInside(folder: string, paths: readonly string[], signal: AbortSignal): Promise<Outcome<void>>;
  /** Answers within a short deadline whether the host is there. */
  ping(signal: AbortSignal): Promise<Outcome<void>>;
}
