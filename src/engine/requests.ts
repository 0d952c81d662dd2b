/** What persons asked for. Requests for a stack that is already waiting merge into one; all who asked get its end. */
import type { RunMode, RunRecord, Trigger } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";

export interface Ask {
  readonly stack: StackName;
  readonly mode: RunMode;
  readonly trigger: Trigger;
  readonly by?: string;
  /** Another revision than the head: only to look. */
  readonly revision?: string;
}

export interface Request extends Ask {
  readonly since: number;
  readonly resolve: (run: RunRecord) => void;
  readonly promise: Promise<RunRecord>;
}

export interface Requests {
  add(ask: Ask, now: number): Promise<RunRecord>;
  /** The first request for each stack, in the order in which they came. */
  waiting(): readonly Request[];
  has(stack: StackName): boolean;
  take(request: Request): void;
  /**
   * Somebody asks and fetches first, before it is known for which stacks. What that fetch brings does not begin by
   * itself before the wish is on the list: else it runs once for Git and once more for who asked. `head` is the commit
   * of now; to be called when the list has the wish, or there will be none.
   */
  expect(head: string | undefined): () => void;
  /** Whether what is due at this commit waits for a wish. */
  expectedAt(head: string): boolean;
}

const sameWish = (a: Ask, b: Ask): boolean =>
  a.stack === b.stack && a.mode === b.mode && a.revision === b.revision;

export function createRequests(): Requests {
  let list: readonly Request[] = [];
  const expected = new Set<{ readonly head: string | undefined }>();
  return {
    add(ask, now) {
      const known = list.find(request => sameWish(request, ask));
      if (known) return known.promise;
      const { promise, resolve } = Promise.withResolvers<RunRecord>();
      list = [...list, { ...ask, since: now, resolve, promise }];
      return promise;
    },
    waiting() {
      const seen = new Set<StackName>();
      return list.filter(({ stack }) => !seen.has(stack) && seen.add(stack));
    },
    expect(head) {
      const one = { head };
      expected.add(one);
      return () => void expected.delete(one);
    },
    expectedAt: head => [...expected].some(one => one.head !== head),
    has: stack => list.some(request => request.stack === stack),
    take(taken) {
      list = list.filter(request => request !== taken);
    },
  };
}
