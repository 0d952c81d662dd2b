/** How holdfast's own long-lived processes are started, so that many stacks cost little memory. bin/holdfast does the same. */

/**
 * Megabytes of V8's space for young values, of which it keeps three. Default 16: each process would hold 48 MB for a
 * moment's garbage; with 4 it takes more CPU time where much is made at once (docs/benchmark.md). The second is for quiet-heap.ts.
 */
const FRUGAL = ["--max-semi-space-size=4", "--expose-gc"];

/** Flags of Node; those of this process are inherited, as by default. */
export const ownFlags = (): string[] => [...new Set([...process.execArgv, ...FRUGAL])];

/**
 * For glibc's malloc, which else raises its threshold up to 32 MB and keeps freed buffers of that size in a heap that
 * cannot shrink: 60 MB after a backup. The values are its defaults, fixed by being set (mallopt(3)).
 */
export const OWN_MALLOC = { MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_ARENA_MAX: "2" };
