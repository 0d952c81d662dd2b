/** A helper process asks whoever supervises it (supervise.ts, `answer`) over Node's IPC channel. */

const silence = new WeakSet<Error>();

/** The other side did not answer in time: it is stopped, or has far too much to do. */
export const isSilence = (error: unknown): boolean => error instanceof Error && silence.has(error);

function silent(ms: number): Error {
  const error = new Error(`no answer for ${ms / 1000} s`);
  silence.add(error);
  return error;
}

/**
 * Rejects where the other side could not answer, or did not within `deadlineMs`. Messages that are no answers are left
 * to others.
 */
export function createAsker(deadlineMs: number): (question: unknown) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  process.on("message", message => {
    if (typeof message !== "object" || message === null || !("answers" in message)) return;
    const { answers, value, failed } = message as { answers: number; value?: unknown; failed?: string };
    const one = waiting.get(answers);
    waiting.delete(answers);
    if (failed === undefined) one?.resolve(value);
    else one?.reject(new Error(failed));
  });
  return question => {
    const one = Promise.withResolvers<unknown>();
    const id = ++asked;
    waiting.set(id, one);
    const late = setTimeout(() => {
      waiting.delete(id);
      one.reject(silent(deadlineMs));
    }, deadlineMs);
    process.send?.({ asks: id, question }, undefined, undefined, error => {
      if (!error) return;
      waiting.delete(id);
      one.reject(error);
    });
    return one.promise.finally(() => clearTimeout(late));
  };
}
