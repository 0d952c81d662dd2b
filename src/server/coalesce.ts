/** Many wishes for the same work while it is done are one more time of it, afterwards. */

/** The function that wishes. What goes wrong in the work is told to `onError`. */
export function coalesced(work: () => Promise<unknown>, onError: (error: unknown) => void): () => void {
  let running = false;
  let again = false;
  const go = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await work().catch(onError);
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void go();
  };
}
