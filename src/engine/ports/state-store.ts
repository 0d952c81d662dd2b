/**
 * Where the state service keeps what it knows. Everything that must happen together is one method, so that a
 * store is free in how it makes a transaction (SQLite now, PostgreSQL later). Several processes use one store.
 * All times are milliseconds since the epoch. Rows are found by ids that are never used again.
 */
import type { StackName } from "./stack.ts";
import type { Binding, Handwork, Holder, Refusal } from "./state.ts";

export interface StoredStack {
  readonly id: number;
  readonly name: StackName;
  readonly tags: Readonly<Record<string, string>>;
  /** Number of the newest update of the history; 0: none. */
  readonly number: number;
  /** Number of the update that last moved the state; 0: nothing was ever stored. */
  readonly version: number;
  readonly resources: number;
  /** When the newest update ended. */
  readonly updatedAt?: number;
  /** Id of its newest data key. */
  readonly keyId: string;
}

/** A data key, encrypted with age for these recipients (age1…). */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  readonly recipients: readonly string[];
}

/** `id`: 8 hexadecimal digits at random; they stand in every value that the key seals. */
export interface NewKey extends WrappedKey {
  readonly id: string;
}

/** A data key as it is kept. A stack's keys are never removed: values in Git may need the oldest. */
export interface StoredKey {
  readonly position: number;
  readonly id: string;
  readonly stack: StackName;
  /** Undefined: the stack was removed; another one of its name gets the key back. */
  readonly stackId?: number;
  readonly wrapped: Uint8Array;
  /** Undefined: not wrapped with age, but by the file state.key of an older holdfast. */
  readonly recipients?: readonly string[];
  readonly createdAt: number;
  /** Stored states still hold values that older keys sealed. */
  readonly pending: boolean;
}

/** Written in one transaction. */
export interface KeyChange {
  readonly rewrapped: readonly ({ readonly position: number } & WrappedKey)[];
  /** New newest keys; of a stack that is gone meanwhile, nothing is added. */
  readonly added: readonly ({ readonly stackId: number; readonly at: number } & NewKey)[];
  /** Who new keys are wrapped for from now on. */
  readonly recipients?: readonly string[];
  /** SHA-256 (hex) of the state.key that is not needed any more. */
  readonly migratedFrom?: string;
}

export interface StoredCheckpoint {
  readonly version: number;
  /** JSON of `{ version, features?, deployment }`, as `pulumi stack export` writes it. */
  readonly text: string;
}

export type UpdateStatus =
  | "not started"
  | "running"
  /** Takes no entries any more; its journal is not replayed yet. Whoever reads it next finishes it. */
  | "closing"
  | "succeeded"
  | "failed"
  | "cancelled";

export interface NewUpdate {
  readonly id: string;
  readonly stackId: number;
  /** `update`, `preview`, `refresh`, `destroy`, `import`. */
  readonly kind: string;
  readonly dryRun: boolean;
  /** A token's name, or `holdfast run ID`. */
  readonly who: string;
  readonly runId?: string;
  readonly createdAt: number;
  readonly message: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Configuration as the CLI sends it: secrets encrypted. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface StoredUpdate extends NewUpdate {
  readonly status: UpdateStatus;
  /** Number in the history, once started and not a dry run. */
  readonly number: number;
  /** Version of the state that it began from. */
  readonly baseVersion: number;
  readonly tokenHash?: Uint8Array;
  readonly expiresAt?: number;
  /** When its lease was last made longer. */
  readonly renewedAt?: number;
  readonly holder?: Holder;
  /** The binding of its run at the moment of its start. */
  readonly binding?: Binding;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** How its end came about, where no `complete` came. */
  readonly closing?: { readonly status: UpdateEnd };
  readonly changes?: Readonly<Record<string, number>>;
}

export type UpdateEnd = "succeeded" | "failed" | "cancelled";

export interface StartRequest {
  readonly id: string;
  readonly tokenHash: Uint8Array;
  readonly at: number;
  readonly expiresAt: number;
  readonly holder?: Holder;
  readonly tags?: Readonly<Record<string, string>>;
}

export type StartAnswer =
  | { readonly outcome: "started"; readonly update: StoredUpdate }
  /** Another update holds the stack's lease. */
  | { readonly outcome: "busy"; readonly holder: StoredUpdate }
  | { readonly outcome: "gone" };

export interface JournalRow {
  readonly sequence: number;
  /** JSON of one journal entry. */
  readonly text: string;
}

/** The end of an update: written in one transaction, once. */
export interface Settlement {
  readonly status: UpdateEnd;
  readonly at: number;
  /** Missing: the state did not move. */
  readonly checkpoint?: { readonly text: string; readonly resources: number };
  /** The stack is named so from here on; rejects where the name is taken. */
  readonly rename?: StackName;
}

export interface StoredRun {
  readonly runId: string;
  readonly stackId: number;
  readonly tokenHash: Uint8Array;
  /** For people: the commit that it brings. */
  readonly about?: string;
  /** The process that works for it. */
  readonly holder?: Holder;
  readonly binding?: Binding;
}

export interface StoredToken {
  readonly name: string;
  readonly createdAt: number;
  readonly usedAt?: number;
  readonly tokenHash: Uint8Array;
}

/** The organisation that stacks are named under, and other names that programs know it by. */
export interface Organization {
  readonly name: string;
  readonly aliases: readonly string[];
}

export interface StateStore {
  /** False where a stack of this name is there already. */
  createStack(stack: {
    readonly name: StackName;
    readonly tags: Readonly<Record<string, string>>;
    readonly key: NewKey;
    readonly at: number;
  }): Promise<boolean>;
  organization(): Promise<Organization>;
  setOrganization(organization: Organization): Promise<void>;
  stack(name: StackName): Promise<StoredStack | undefined>;
  stackById(id: number): Promise<StoredStack | undefined>;
  stacks(): Promise<readonly StoredStack[]>;
  /** Also its checkpoints, history, runs and journals. `work` is kept as handwork. */
  removeStack(id: number, work?: Handwork): Promise<void>;
  setTags(id: number, tags: Readonly<Record<string, string>>): Promise<void>;
  /** The newest checkpoint, or the newest that is not newer than `atMost`. */
  checkpoint(stackId: number, atMost?: number): Promise<StoredCheckpoint | undefined>;

  /** Versions whose checkpoints are kept, newest first. */
  checkpointVersions(stackId: number): Promise<readonly number[]>;
  /** The same state in other words; nothing where that version is not kept any more. */
  replaceCheckpoint(stackId: number, version: number, text: string): Promise<void>;

  /** A stack's keys, newest first. */
  keysOf(stackId: number): Promise<readonly StoredKey[]>;
  /** Keys of all stacks, also of removed ones; by stack, newest first. */
  allKeys(): Promise<readonly StoredKey[]>;
  changeKeys(change: KeyChange): Promise<void>;
  /** Who new keys are wrapped for; empty before the first start. */
  keyRecipients(): Promise<readonly string[]>;
  migratedKey(): Promise<string | undefined>;
  /** No stored state holds values of older keys any more. */
  keysResealed(stackId: number, id: string): Promise<void>;

  createUpdate(update: NewUpdate): Promise<void>;
  update(id: string): Promise<StoredUpdate | undefined>;
  /** Takes the stack's lease, unless it is a dry run. */
  startUpdate(request: StartRequest): Promise<StartAnswer>;
  /** False where the update is not running any more. */
  renewLease(id: string, expiresAt: number, at: number): Promise<boolean>;
  /** Stores each (update, sequence) once; durable when it resolves. False where the update is not running. */
  appendJournal(id: string, rows: readonly JournalRow[]): Promise<boolean>;
  /** Keeps a whole checkpoint for an update without journal; false where the update is not running. */
  putCheckpoint(id: string, text: string): Promise<boolean>;
  pendingCheckpoint(id: string): Promise<string | undefined>;
  /** In the order of their sequence. */
  journal(id: string): Promise<readonly string[]>;
  /** Entries with a larger sequence than this, in their order. */
  journalAfter(id: string, sequence: number): Promise<readonly JournalRow[]>;
  /** Id of the run's update that is running and holds a lease which lives at this moment. */
  liveUpdateOf(runId: string, at: number): Promise<string | undefined>;
  setChanges(id: string, changes: Readonly<Record<string, number>>): Promise<void>;
  /** From here on the update takes nothing; true where it was running or is closing. */
  closeUpdate(id: string, status: UpdateEnd): Promise<boolean>;
  /** Ends a closing update; a second call finds nothing to do. Answers the stack's version. */
  settleUpdate(id: string, settlement: Settlement): Promise<number>;
  /** Updates that hold a lease or are closing, of one stack or of all. */
  openUpdates(stackId?: number): Promise<readonly StoredUpdate[]>;
  /** What ended without a run and was not taken yet, oldest first. An update's own is kept by `settleUpdate`. */
  handwork(): Promise<readonly Handwork[]>;
  /** They are on record elsewhere now. */
  takeHandwork(ids: readonly string[]): Promise<void>;
  /** Forgets dry runs that were made before this moment. */
  forgetDryRuns(before: number): Promise<void>;
  /** Newest first. */
  history(stackId: number, limit: number, offset: number): Promise<readonly StoredUpdate[]>;

  openRun(run: StoredRun): Promise<void>;
  run(runId: string): Promise<StoredRun | undefined>;
  runByToken(tokenHash: Uint8Array): Promise<StoredRun | undefined>;
  runs(): Promise<readonly StoredRun[]>;
  bindRun(runId: string, binding: Binding): Promise<void>;
  addRefusals(runId: string, refusals: readonly Refusal[]): Promise<void>;
  refusals(runId: string): Promise<readonly Refusal[]>;
  endRun(runId: string): Promise<void>;

  /** False where the name is taken. */
  createToken(token: {
    readonly name: string;
    readonly tokenHash: Uint8Array;
    readonly at: number;
  }): Promise<boolean>;
  tokenByHash(tokenHash: Uint8Array): Promise<StoredToken | undefined>;
  tokenUsed(name: string, at: number): Promise<void>;
  tokens(): Promise<readonly StoredToken[]>;
  revokeToken(name: string): Promise<boolean>;
}
