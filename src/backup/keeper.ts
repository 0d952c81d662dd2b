/** Makes backups when they are due, and before something is taken away; remembers how it went. */
import { fail, ok, type Result } from "../engine/failure.ts";
import type { BackupFacts } from "../engine/ports/care.ts";
import type { Clock } from "../engine/ports/clock.ts";
import type { MadeBackup } from "./make.ts";
import type { Occasion } from "./name.ts";
import { nextBackup } from "./schedule.ts";
import { fault, type Outcome } from "./target.ts";

export interface KeeperOptions {
  readonly enabled: boolean;
  readonly every: number;
  /** Whether a run that takes something away waits for a good one. */
  readonly required: boolean;
  readonly where: string;
  readonly make: (occasion: Occasion) => Promise<Outcome<MadeBackup>>;
  readonly memory: BackupMemory;
  readonly clock: Clock;
  readonly say: (level: "info" | "warning" | "error", text: string) => void;
}

export type Remembered = Pick<BackupFacts, "last" | "failure">;

/** Survives a restart, and is shared with commands that work beside the daemon. */
export interface BackupMemory {
  read(): Promise<Remembered>;
  good(made: MadeBackup): Promise<void>;
  bad(why: string, hint: string | undefined, at: number): Promise<void>;
}

export interface Keeper {
  /** Backups on schedule from now on. */
  start(): void;
  /** Waits for one under way. */
  stop(): Promise<void>;
  /** One of this moment: what is under way began before, so the next one counts. */
  make(occasion: Occasion): Promise<Outcome<MadeBackup>>;
  beforeDestructive(what: string): Promise<Result<void>>;
  facts(): Promise<BackupFacts>;
}

/** How often it is looked whether one is due; a command may have made one meanwhile. */
const LOOK_MS = 30_000;

/** One at a time; those who come while one is made share the one after it. */
function oneAfterAnother<A, T>(work: (wish: A) => Promise<T>): (wish: A) => Promise<T> {
  let running: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;
  const start = (wish: A): Promise<T> => {
    const mine = work(wish).finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  };
  return wish => {
    if (!running) return start(wish);
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start(wish);
      });
    return next;
  };
}

export type Recording = Pick<KeeperOptions, "make" | "memory" | "say"> & {
  readonly clock: Pick<Clock, "now">;
};

/** Makes backups, and remembers how each went; for commands beside the daemon, too. */
export function recorded({
  make,
  memory,
  clock,
  say,
}: Recording): (occasion: Occasion) => Promise<Outcome<MadeBackup>> {
  /** A full disk, a database that cannot be read: an exception here must not end the daemon. */
  const attempt = async (occasion: Occasion): Promise<Outcome<MadeBackup>> => {
    try {
      return await make(occasion);
    } catch (error) {
      return fault(error instanceof Error ? error.message : String(error));
    }
  };
  return async occasion => {
    const made = await attempt(occasion);
    if (!made.ok) {
      say("error", `the backup failed: ${made.why}${made.hint === undefined ? "" : ` · ${made.hint}`}`);
      await memory
        .bad(made.why, made.hint, clock.now())
        .catch((error: unknown) => say("error", String(error)));
      return made;
    }
    await memory.good(made.value);
    if (made.value.warning !== undefined)
      say("warning", `older backups could not be removed: ${made.value.warning}`);
    return made;
  };
}

async function dueAt({ every, memory }: KeeperOptions): Promise<number> {
  const { last, failure } = await memory.read();
  return nextBackup({
    every,
    failures: failure?.attempts ?? 0,
    ...(last && { lastGood: last.at }),
    ...(failure && { lastFailure: failure.at }),
  });
}

/** Looks again and again whether one is due; answers how to end it. */
function onSchedule(options: KeeperOptions, make: Keeper["make"]): () => Promise<void> {
  const { clock, say } = options;
  let stopped = false;
  let callOff = (): void => undefined;
  let under: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    if (clock.now() >= (await dueAt(options))) await make("scheduled");
  };
  const again = (): void => {
    under = look().catch((error: unknown) => say("error", `the backup failed: ${String(error)}`));
    void under.then(() => {
      if (!stopped) callOff = clock.after(LOOK_MS, again);
    });
  };
  again();
  return async () => {
    stopped = true;
    callOff();
    await under;
  };
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { enabled, required, memory, say, where } = options;
  const make = oneAfterAnother(recorded(options));
  let stop = async (): Promise<void> => undefined;
  return {
    start() {
      if (enabled) stop = onSchedule(options, make);
    },
    stop: () => stop(),
    make,
    async beforeDestructive(what) {
      if (!enabled) return ok(undefined);
      const made = await make("destructive");
      if (made.ok) return ok(undefined);
      if (!required) {
        say("warning", `${what} goes on without a backup: ${made.why}`);
        return ok(undefined);
      }
      const hint = made.hint === undefined ? {} : { hint: made.hint };
      return fail({ kind: "waiting", reason: "backup-failed", why: made.why, ...hint });
    },
    facts: async () => ({ on: enabled, where, ...(await memory.read()) }),
  };
}
