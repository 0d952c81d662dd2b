/** A helper process asks whoever supervises it (supervise.ts, `answer`) over Node's IPC channel. */

/** Rejects where the other side could not answer. Messages that are no answers are left to others. */
export function createAsker(): (question: unknown) => Promise<unknown> {
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
    process.send?.({ asks: id, question }, undefined, undefined, error => {
      if (!error) return;
      waiting.delete(id);
      one.reject(error);
    });
    return one.promise;
  };
}
