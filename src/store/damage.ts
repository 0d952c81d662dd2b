/** What SQLite says when a file is not a whole database any more, and how to hear of it wherever it shows. */

/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite.org/rescode.html); the lowest byte is the primary code. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** SQLite's words where the error means a damaged file; undefined for every other error. */
export function damageOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  const code = error.errcode & 0xff;
  return code === CORRUPT || code === NOT_A_DATABASE ? error.message : undefined;
}

type Method = (...args: unknown[]) => unknown;
const isMethod = (value: unknown): value is Method => typeof value === "function";
const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/** The same store; damage that one of its methods meets is told before the error goes on to the caller. */
export function tellDamage<T extends object>(store: T, onDamage: (why: string) => void): T {
  const heard = (error: unknown): never => {
    const why = damageOf(error);
    if (why !== undefined) onDamage(why);
    throw error;
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (!isMethod(value)) return value;
      return (...args: unknown[]): unknown => {
        try {
          const answer: unknown = Reflect.apply(value, target, args);
          return isPromise(answer) ? answer.catch(heard) : answer;
        } catch (error) {
          return heard(error);
        }
      };
    },
  });
}

/** Damage may show before there is anybody to hear of it. */
export interface DamageBell {
  readonly ring: (why: string) => void;
  /** Hears of what was rung before, too. */
  readonly listen: (listener: (why: string) => void) => void;
}

export function createDamageBell(): DamageBell {
  let heard: string | undefined;
  let listener: ((why: string) => void) | undefined;
  return {
    ring(why) {
      heard = why;
      listener?.(why);
    },
    listen(next) {
      listener = next;
      if (heard !== undefined) next(heard);
    },
  };
}
