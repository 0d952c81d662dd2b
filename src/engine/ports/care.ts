/** What guards the data folder: whether anything may run on it now, and a backup before something is taken away. */
import type { Failure, Result } from "../failure.ts";

/** Times are milliseconds since the epoch, sizes bytes. */
export interface BackupFacts {
  /** False: switched off. */
  readonly on: boolean;
  /** For people. */
  readonly where?: string;
  readonly last?: {
    readonly at: number;
    readonly name: string;
    readonly size: number;
    readonly where: string;
  };
  /** Undefined where the last attempt was good. */
  readonly failure?: {
    readonly at: number;
    readonly why: string;
    readonly hint?: string;
    /** In a row. */
    readonly attempts: number;
  };
}

export interface CareFacts {
  /** Why nothing is run now. */
  readonly halted?: Failure;
  /** Bytes that may still be written in the data folder's file system; undefined where nobody looked. */
  readonly diskFree?: number;
  readonly backups: BackupFacts;
}

export interface DataCare {
  /** `database-damaged` or `disk-nearly-full`; undefined: runs may begin. Cheap: asked before each run. */
  halted(): Failure | undefined;
  /** A good backup of this moment. Failures: backup-failed. */
  beforeDestructive(what: string): Promise<Result<void>>;
  facts(): Promise<CareFacts>;
  /**
   * What an exception, or the words of a tool, come of, where that is the data folder and no bug: `disk`,
   * `database-damaged`. Never rejects.
   */
  explain(trouble: unknown): Promise<Failure | undefined>;
}
