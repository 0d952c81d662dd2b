/** Gives memory back when the work is over. */

const LOOK_MS = 10_000;
/** Share of a core: below it nobody waits for us. */
const QUIET = 0.05;
/** Bytes on the heap since the last time that are worth it. */
const WORTH = 8 * 1024 * 1024;

/**
 * Collects garbage now and then while the process rests, 6 to 40 ms each time. V8 collects where a heap grows, and one
 * that rests does not grow: after 1,000 stacks the provider host held 170 MB for 12 MB of living values. Needs Node's
 * `--expose-gc` (own-node.ts); without it nothing happens.
 */
export function settleHeapWhenQuiet(): void {
  const collect = globalThis.gc;
  if (!collect) return;
  let cpu = process.cpuUsage();
  let settled = 0;
  let worked = false;
  const look = (): void => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const quiet = (user + system) / 1_000 < LOOK_MS * QUIET;
    worked ||= !quiet;
    // What was in use when it was last collected, because a host was slow to answer, may be garbage by now.
    const worth = worked || process.memoryUsage().heapUsed - settled >= WORTH;
    if (!quiet || !worth) return;
    collect();
    settled = process.memoryUsage().heapUsed;
    worked = false;
  };
  setInterval(look, LOOK_MS).unref();
}
